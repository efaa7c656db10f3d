/** Time as a membership sees it; the simulator brings its own. */
export interface Clock {
  /** Monotonic, from an arbitrary start. */
  nowMs(): number;
  after(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timeout = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
