import type { HelloMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import { isSameSecret } from '../../constant-time.js';
import { AdmissionRequest, type AdmissionRequestPorts } from '../admission/admission-request.js';
import type { Admission } from '../admission/admission.js';
import type { Availability } from '../availability.js';
import type { Session } from '../session/session.js';

/** The tokens that admit a client. */
type AccessSettings = Pick<ServerConfig, 'RANKD_TOKEN' | 'RANKD_ADMIN_TOKEN'>;

export interface HelloPorts {
  readonly access: AccessSettings;
  readonly availability: Pick<Availability, 'refusal'>;
  readonly request: AdmissionRequestPorts;
  readonly admission: Pick<Admission, 'requestAdmission'>;
}

/** R-JOIN-1, R-JOIN-5: checks what a hello asks for and requests its admission, or ends the session. */
export function handleHello(hello: HelloMessage, session: Session, ports: HelloPorts): void {
  if (session.state.phase !== 'greeting') {
    session.end('BAD_MESSAGE', 'a second hello');
    return;
  }
  const unsupported = whatIsUnsupported(hello);
  if (unsupported !== undefined) {
    session.end('UNSUPPORTED', unsupported);
    return;
  }
  const access = accessWith(hello.token, ports.access);
  if (access === 'refused') {
    session.end('UNAUTHORIZED');
    return;
  }
  const { refusal } = ports.availability;
  if (refusal !== undefined) {
    session.turnAway(refusal);
    return;
  }
  ports.admission.requestAdmission(new AdmissionRequest(hello, access === 'admin', ports.request), session);
}

function whatIsUnsupported(hello: HelloMessage): string | undefined {
  if (hello.protocol !== undefined && hello.protocol !== 1) return `protocol ${hello.protocol}`;
  if (hello.require?.[0] !== undefined) return `feature ${hello.require[0]}`;
  return undefined;
}

/** R-JOIN-5: the admin token admits too. Every comparison is made, whatever the result of the others. */
function accessWith(token: string | undefined, settings: AccessSettings): 'admin' | 'admitted' | 'refused' {
  const { RANKD_TOKEN: known, RANKD_ADMIN_TOKEN: admin } = settings;
  const isAdmin = admin !== undefined && isSameSecret(token ?? '', admin);
  const isKnown = known === undefined || isSameSecret(token ?? '', known);
  if (isAdmin) return 'admin';
  return isKnown ? 'admitted' : 'refused';
}
