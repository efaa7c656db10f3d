/** Returns whether the server with the side port at `url` is ready. */
export async function isReady(url) {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) });
    // Read the response: otherwise its open connection keeps this process running.
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}
