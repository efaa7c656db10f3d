/** Whether the server whose page is at `url` says that it is ready. */
export async function isReady(url) {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) });
    // an answer that is not read keeps its connection, and with it this process
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}
