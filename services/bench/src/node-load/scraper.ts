/** Reads metrics during a measurement. */

const everyMs = 1000;

/** Reads the metrics once a second, as Prometheus does, until it is disposed. */
export function startScraper(url: string): Disposable {
  const scrape = async (): Promise<void> => {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(everyMs) });
      await answer.text();
    } catch {
      // A server that is too busy to answer is still measured.
    }
  };
  const timer = setInterval(() => void scrape(), everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
