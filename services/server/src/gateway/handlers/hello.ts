import { createHash, timingSafeEqual } from 'node:crypto';
import type { HelloMessage } from '@rankd/protocol';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session.js';

/** R-JOIN-1, R-JOIN-2, R-JOIN-5: checks what is asked for, then proposes the newcomer; the log decides on its rank. */
export function handleHello(hello: HelloMessage, session: Session, gateway: Gateway): void {
  if (session.state.phase !== 'greeting') {
    session.end('BAD_MESSAGE', 'a second hello');
    return;
  }
  const unsupported = whatIsUnsupported(hello);
  if (unsupported !== undefined) {
    session.end('UNSUPPORTED', unsupported);
    return;
  }
  if (!isAuthorized(hello.token, gateway.config.RANKD_TOKEN)) {
    session.end('UNAUTHORIZED');
    return;
  }
  if (hello.heartbeat === false) session.connection.keepAlive();
  session.asks(hello);
  const id = gateway.mintMemberId();
  gateway.log.append({
    kind: 'joined',
    group: hello.group ?? 'default',
    at: gateway.clock.wallMs(),
    newcomer: {
      id,
      session: session.id,
      name: hello.name ?? id,
      tags: hello.tags ?? {},
      address: session.connection.address,
      joinedAt: gateway.clock.wallMs(),
    },
  });
}

function whatIsUnsupported(hello: HelloMessage): string | undefined {
  if (hello.protocol !== undefined && hello.protocol !== 1) return `protocol ${hello.protocol}`;
  if (hello.require?.[0] !== undefined) return `feature ${hello.require[0]}`;
  if (hello.role === 'observer') return 'role observer';
  if (hello.updates === 'roster') return 'updates roster';
  return undefined;
}

/** Compares digests, so that neither the time it takes nor the length tells anything about the token. */
function isAuthorized(given: string | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(wanted));
}
