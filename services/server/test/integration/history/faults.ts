import { launchServer, type LaunchedServer } from '@rankd/testkit';
import { resolve } from 'node:path';
import type { RecordedFleet, Recorder } from './recorded-fleet.js';

const repository = resolve(__dirname, '../../../../..');

/** mulberry32: the same faults for the same seed, as far as processes and networks allow. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a fault is done to. */
export interface Stage {
  readonly fleet: RecordedFleet;
  readonly env: Readonly<Record<string, string>>;
  readonly deadMs: number;
  readonly replace: (recorder: Recorder) => Promise<void>;
  server: LaunchedServer;
}

export type Fault =
  | 'kill'
  | 'stop'
  | 'stop-briefly'
  | 'hold'
  | 'hold-briefly'
  | 'cut'
  | 'reset'
  | 'slow'
  | 'stall-server'
  | 'kill-server';

/** Every kind once, then the server is killed, so many times. */
export function scheduleOf(random: () => number, rounds: number): Fault[] {
  const kinds: Fault[] = [
    'kill',
    'stop',
    'stop-briefly',
    'hold',
    'hold-briefly',
    'cut',
    'reset',
    'slow',
    'stall-server',
  ];
  const schedule: Fault[] = [];
  for (let round = 0; round < rounds; round += 1) {
    schedule.push(
      ...kinds
        .map(kind => ({ kind, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ kind }) => kind),
    );
    schedule.push('kill-server');
  }
  return schedule;
}

const lasting = (durationMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, durationMs));

/** Does it to `victim`, and undoes it. Longer than deadMs, unless it is brief. */
export async function inflict(fault: Fault, victim: Recorder, stage: Stage, dice: number): Promise<void> {
  const { proxy, program } = victim;
  const durationMs = fault.endsWith('briefly') ? stage.deadMs / 4 : stage.deadMs * 1.5;
  const direction = dice < 0.5 ? 'toServer' : 'toClient';
  switch (fault) {
    case 'kill':
      return stage.replace(victim);
    case 'stop':
    case 'stop-briefly':
      program.kill('SIGSTOP');
      await lasting(durationMs);
      program.kill('SIGCONT');
      return;
    case 'hold':
    case 'hold-briefly':
      proxy.treat('toServer', 'hold');
      proxy.treat('toClient', 'hold');
      await lasting(durationMs);
      proxy.treat('toServer', 'pass');
      proxy.treat('toClient', 'pass');
      return;
    case 'cut':
      // What is lost within a stream never comes again: the connection is over once both ends have noticed.
      proxy.treat(direction, 'drop');
      await lasting(stage.deadMs * 1.3);
      proxy.reset();
      proxy.treat(direction, 'pass');
      return;
    case 'reset':
      proxy.reset();
      return;
    case 'slow':
      proxy.pace('toClient', { delayMs: 40, pieceBytes: 200 });
      await lasting(stage.deadMs);
      proxy.pace('toClient', {});
      return;
    case 'stall-server':
      stage.server.program.kill('SIGSTOP');
      await lasting(stage.deadMs * 1.3);
      stage.server.program.kill('SIGCONT');
      return;
    case 'kill-server':
      return restart(stage);
  }
}

async function restart(stage: Stage): Promise<void> {
  stage.server.program.kill('SIGKILL');
  await stage.server.program.exited;
  stage.server = await launchServer(repository, { ...stage.env, RANKD_PORT: String(stage.server.port) });
}
