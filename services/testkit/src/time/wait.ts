/** Waits for an event with a deadline: what a test does instead of sleeping. */
export async function within<T>(deadlineMs: number, what: string, event: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until `probe` gives something other than undefined, for states that no event tells of. */
export async function eventually<T>(
  deadlineMs: number,
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() >= until) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
