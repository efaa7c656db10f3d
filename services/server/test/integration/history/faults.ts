import type { Recorder } from './recorded-fleet.js';

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

const faults = ['kill', 'stop', 'stop-briefly', 'hold', 'hold-briefly', 'cut', 'reset', 'slow'] as const;

/** A fault of a recorder's process, or of its links. */
export type Fault = (typeof faults)[number];

/** Returns every kind of fault once, in random order. */
export function shuffledFaults(random: () => number): Fault[] {
  return faults
    .map(fault => ({ fault, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ fault }) => fault);
}

export const lasting = (durationMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, durationMs));

/** The severity of a fault. It lasts longer than `deadMs`, unless it is brief. */
export interface Harm {
  readonly deadMs: number;
  readonly dice: number;
}

/** Inflicts the fault on `victim`, and ends it. */
export async function inflict(fault: Exclude<Fault, 'kill'>, victim: Recorder, { deadMs, dice }: Harm): Promise<void> {
  const { links, program } = victim;
  const durationMs = fault.endsWith('briefly') ? deadMs / 4 : deadMs * 1.5;
  const direction = dice < 0.5 ? 'toServer' : 'toClient';
  switch (fault) {
    case 'stop':
    case 'stop-briefly':
      program.kill('SIGSTOP');
      await lasting(durationMs);
      program.kill('SIGCONT');
      return;
    case 'hold':
    case 'hold-briefly':
      links.treat('toServer', 'hold');
      links.treat('toClient', 'hold');
      await lasting(durationMs);
      links.treat('toServer', 'pass');
      links.treat('toClient', 'pass');
      return;
    case 'cut':
      // The lost bytes never arrive, so the connection ends when both ends have noticed.
      links.treat(direction, 'drop');
      await lasting(deadMs * 1.3);
      links.reset();
      links.treat(direction, 'pass');
      return;
    case 'reset':
      links.reset();
      return;
    case 'slow':
      links.pace('toClient', { delayMs: 40, pieceBytes: 200 });
      await lasting(deadMs);
      links.pace('toClient', {});
      return;
  }
}
