/** A leader at a scripted server, with work that does not end until the test wants it to. */

import type { Membership } from '@rankd/client';
import type { WelcomeMessage } from '@rankd/protocol';
import type { InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../../messages.js';
import { DEADLINE_MS } from '../fixture.js';
import type { ScriptedCoordinator } from '../scripted-coordinator.js';

/** A member of rank 0. Its work has begun. */
export interface ScriptedLeader {
  readonly me: Membership;
  /** Ends the work. */
  readonly finish: () => void;
}

/**
 * Joins a member of rank 0. After the abort of its signal, its work ends when the test calls `finish`.
 * @param onJoined called before the work begins
 */
export async function joinScriptedLeader(
  fleet: InProcessFleet,
  coordinator: ScriptedCoordinator,
  welcome: Partial<WelcomeMessage>,
  onJoined: (me: Membership) => void = () => undefined,
): Promise<ScriptedLeader> {
  const joining = fleet.join(coordinator.port);
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf(welcome));
  const me = await joining;
  onJoined(me);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>(resolve => (finish = resolve));
  const begun = new Promise<void>(resolve => {
    void me.lead(async () => {
      resolve();
      await finished;
    });
  });
  await fleet.time.within(DEADLINE_MS, 'work', begun);
  return { me, finish };
}
