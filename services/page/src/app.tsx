/** The live page: shows one group of a server. */

import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { LiveRegion } from './components/live-region.js';
import { ConnectionMark, ConnectionNotice } from './components/connection-notice.js';
import { hashOf, groupInHash } from './stream/url-hash.js';
import { GroupSelect } from './components/group-select.js';
import { ActivityList } from './components/activity-list.js';
import { RosterList } from './components/roster-list.js';
import { Logo } from './components/logo.js';
import { StatusPanel } from './components/status-panel.js';
import { storeToken, readToken } from './stream/token.js';
import { TokenPrompt } from './components/token-prompt.js';
import { useGroup } from './hooks/use-group.js';
import { useGroups } from './hooks/use-groups.js';
import { useNow } from './hooks/use-now.js';

/** The group that a client joins if it names no group. */
const USUAL = 'default';

/** Shows the group that the page's address names, or asks for a token. */
export function App(): JSX.Element {
  const [token, setToken] = useState(readToken);
  const [chosen, setChosen] = useState(groupInHash(location.hash));
  const [found, setFound] = useState(USUAL);
  const group = chosen ?? found;
  const { model, connection } = useGroup(group, token);
  const groups = useGroups(token, connection.kind === 'live');
  const machineMs = useNow(1000);
  // While the connection is lost, the times stop: the page does not know whether a member is still connected.
  const heardMs = connection.kind === 'lost' ? (connection.heardAtMs ?? machineMs) : machineMs;
  const nowMs = heardMs + (model.pulse?.aheadMs ?? 0);

  useEffect(() => {
    const follow = (): void => setChosen(groupInHash(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    const first = groups[0]?.group;
    // The default group has no members: show the first group that has some.
    if (first !== undefined && !groups.some(each => each.group === found)) setFound(first);
  }, [groups, found]);
  useEffect(() => {
    document.title = `${group} · rankd`;
  }, [group]);

  const unlock = (given: string): void => {
    storeToken(given);
    setToken(given);
  };
  return (
    <>
      <header class="bar">
        <h1 class="brand">
          <Logo />
          rankd
        </h1>
        {connection.kind === 'locked' ? null : (
          <GroupSelect group={group} groups={groups} choose={name => (location.hash = hashOf(name))} />
        )}
        <ConnectionMark connection={connection} />
      </header>
      {connection.kind === 'locked' ? (
        <TokenPrompt isWrong={connection.given} unlock={unlock} />
      ) : (
        <main class={connection.kind === 'lost' ? 'page stale' : 'page'}>
          <RosterList
            key={group}
            group={group}
            roster={model.roster}
            nowMs={nowMs}
            isKnown={model.pulse !== undefined}
          />
          <div class="side">
            <StatusPanel model={model} />
            <ActivityList activityLog={model.activity} />
          </div>
        </main>
      )}
      <ConnectionNotice connection={connection} />
      <LiveRegion activityLog={model.activity} />
    </>
  );
}
