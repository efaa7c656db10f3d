// Reads the logs of workers, and reports feeds that two workers polled at the same time.

/**
 * Checks the logs of all workers. A feed moves from worker to worker, and each has a later view as its token. After a worker has
 * acquired a feed, no earlier owner may poll it. `logs`: for each worker its lines.
 */
export function check(logs) {
  const turns = new Map();
  let polls = 0;
  for (const [worker, text] of logs) {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const [event, feed, view, time] = line.split(' ');
      if (!turns.has(feed)) turns.set(feed, new Map());
      const ofFeed = turns.get(feed);
      const turn = ofFeed.get(`${view} ${worker}`) ?? { worker, view: Number(view), from: undefined, last: undefined };
      ofFeed.set(`${view} ${worker}`, turn);
      if (event === 'acquire') turn.from ??= BigInt(time);
      else {
        turn.last = BigInt(time);
        polls += 1;
      }
    }
  }
  return {
    polls,
    feeds: turns.size,
    faults: [...turns].flatMap(([feed, ofFeed]) => faultsOf(feed, [...ofFeed.values()])),
  };
}

function faultsOf(feed, turns) {
  turns.sort((a, b) => a.view - b.view);
  return turns.flatMap((turn, index) => {
    const before = turns[index - 1];
    if (turn.from === undefined) return [`${turn.worker} polled feed ${feed} without holding it`];
    if (before === undefined) return [];
    if (before.view === turn.view) return [`${before.worker} and ${turn.worker} took feed ${feed} with the same token`];
    if (before.last === undefined || before.last < turn.from) return [];
    return [`${before.worker} polled feed ${feed} after ${turn.worker} had taken it`];
  });
}
