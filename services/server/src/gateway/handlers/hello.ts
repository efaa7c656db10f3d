/** R-JOIN-1, R-JOIN-5: the handler of `hello` messages. */

import { features, type HelloMessage } from '@rankd/protocol';
import type { AdmissionDispatch } from '../admission/admission-dispatch.js';
import {
  ADOPTION,
  AdmissionRequest,
  type AdmissionRequestPorts,
  requiresAdoption,
} from '../admission/admission-request.js';
import { checkToken, type TokenSettings } from '../admission/token-check.js';
import type { Availability } from '../availability.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that handleHello uses. */
export interface HelloPorts {
  readonly tokens: TokenSettings;
  readonly availability: Pick<Availability, 'refusalFor' | 'isWaiting'>;
  readonly request: AdmissionRequestPorts;
  readonly admission: Pick<AdmissionDispatch, 'requestAdmission'>;
}

/**
 * Checks a hello and requests its admission (R-JOIN-1, R-JOIN-5). Ends the session with BAD_MESSAGE (a second hello), UNSUPPORTED,
 * UNAUTHORIZED, DRAINING or UNAVAILABLE if it cannot be admitted.
 */
export function handleHello(hello: HelloMessage, session: Session, ports: HelloPorts): void {
  if (session.state.phase !== 'greeting') {
    session.end('BAD_MESSAGE', 'a second hello');
    return;
  }
  const unsupported = whatIsUnsupported(hello, ports.availability.isWaiting);
  if (unsupported !== undefined) {
    session.end('UNSUPPORTED', unsupported);
    return;
  }
  const access = checkToken(hello.token, ports.tokens);
  if (access === 'refused' || (access !== 'admin' && requiresAdoption(hello))) {
    session.end('UNAUTHORIZED');
    return;
  }
  const request = new AdmissionRequest(hello, access === 'admin', session.readMonotonicMs, ports.request);
  const refusal = ports.availability.refusalFor(request);
  if (refusal === undefined) ports.admission.requestAdmission(request, session);
  else session.turnAway(refusal);
}

const allFeatures: readonly string[] = features;

/**
 * Returns the required feature or protocol version that no group of this server has. AdmissionDispatch checks the features of the group,
 * when its log is read.
 */
function whatIsUnsupported(hello: HelloMessage, isWaiting: boolean): string | undefined {
  if (hello.protocol !== undefined && hello.protocol !== 1) return `protocol ${hello.protocol}`;
  const known = isWaiting ? [...allFeatures, ADOPTION] : allFeatures;
  const missing = hello.require?.find(name => !known.includes(name));
  if (missing === undefined) return undefined;
  return missing === ADOPTION ? 'feature adopt: it does not wait for a lost cluster' : `feature ${missing}`;
}
