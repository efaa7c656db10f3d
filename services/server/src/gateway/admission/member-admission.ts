/** Proposes new members to the log. */

import { secretDigest } from '../../constant-time.js';
import type { Proposals } from '../proposals.js';
import type { Session } from '../session/session.js';
import type { AdmissionRequest } from './admission-request.js';
import { createMemberId, defaultName } from './member-identity.js';

/** The parts of the gateway that MemberAdmission uses. */
export interface MemberAdmissionPorts {
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly randomBytes: (count: number) => Buffer;
}

/** Proposes new members to the log. The core decides about the rank of each (R-JOIN-2, R-JOIN-6). */
export class MemberAdmission {
  readonly #ports: MemberAdmissionPorts;

  constructor(ports: MemberAdmissionPorts) {
    this.#ports = ports;
  }

  /** Appends `joined` for the session, with a new member id and the hash of its secret. */
  proposeMember({ hello, group, secret }: AdmissionRequest, session: Session): void {
    const { proposals, randomBytes } = this.#ports;
    const id = createMemberId(randomBytes);
    const { resume } = hello;
    proposals.propose({
      kind: 'joined',
      group,
      newcomer: {
        id,
        session: session.id,
        name: hello.name ?? defaultName(id),
        tags: hello.tags ?? {},
        address: session.connection.address,
        secretHash: secretDigest(secret),
      },
      resume: resume === undefined ? undefined : { member: resume.member, secretHash: secretDigest(resume.secret) },
      ...(resume?.epoch === undefined ? {} : { epochHeld: resume.epoch }),
    });
  }
}
