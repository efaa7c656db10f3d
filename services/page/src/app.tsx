import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { Announcer } from './components/live-region.js';
import { ConnectionMark, ConnectionNotice } from './components/connection-notice.js';
import { addressOf, groupInAddress } from './stream/url-hash.js';
import { GroupChoice } from './components/group-select.js';
import { HappeningList } from './components/activity-list.js';
import { Ladder } from './components/roster-list.js';
import { Mark } from './components/logo.js';
import { Standing } from './components/status-panel.js';
import { keepToken, keptToken } from './stream/token.js';
import { TokenPrompt } from './components/token-prompt.js';
import { useGroup } from './hooks/use-group.js';
import { useGroups } from './hooks/use-groups.js';
import { useNow } from './hooks/use-now.js';

/** Where a client joins that names no group. */
const USUAL = 'default';

export function App(): JSX.Element {
  const [token, setToken] = useState(keptToken);
  const [chosen, setChosen] = useState(groupInAddress(location.hash));
  const [found, setFound] = useState(USUAL);
  const group = chosen ?? found;
  const { model, connection } = useGroup(group, token);
  const groups = useGroups(token, connection.kind === 'live');
  const nowMs = useNow(1000) + (model.pulse?.aheadMs ?? 0);

  useEffect(() => {
    const follow = (): void => setChosen(groupInAddress(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    const first = groups[0]?.group;
    // Nobody has said which one: the first that there is, rather than one in which nobody is.
    if (first !== undefined && !groups.some(each => each.group === found)) setFound(first);
  }, [groups, found]);
  useEffect(() => {
    document.title = `${group} · rankd`;
  }, [group]);

  const unlock = (given: string): void => {
    keepToken(given);
    setToken(given);
  };
  return (
    <>
      <header class="bar">
        <h1 class="brand">
          <Mark />
          rankd
        </h1>
        {connection.kind === 'locked' ? null : (
          <GroupChoice group={group} groups={groups} choose={name => (location.hash = addressOf(name))} />
        )}
        <ConnectionMark connection={connection} />
      </header>
      {connection.kind === 'locked' ? (
        <TokenPrompt isWrong={connection.given} unlock={unlock} />
      ) : (
        <main class={connection.kind === 'lost' ? 'page stale' : 'page'}>
          <div class="side">
            <Standing model={model} />
            <HappeningList happenings={model.happenings} />
          </div>
          <Ladder key={group} group={group} roster={model.roster} nowMs={nowMs} isKnown={model.pulse !== undefined} />
        </main>
      )}
      <ConnectionNotice connection={connection} />
      <Announcer happenings={model.happenings} />
    </>
  );
}
