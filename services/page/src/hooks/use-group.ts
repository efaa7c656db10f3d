/** The state of a group, kept up to date. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { Throttle } from '../stream/throttle.js';
import type { Connection } from '../stream/connection.js';
import { applyEvents, unknownGroup, type GroupModel } from '../model/group-model.js';
import { GroupSubscription } from '../stream/group-subscription.js';
import type { StreamEvent } from '../model/stream-event.js';

/** The state of a group, and of the connection that it comes from. */
export interface LiveGroup {
  readonly model: GroupModel;
  readonly connection: Connection;
}

const begun: LiveGroup = { model: unknownGroup, connection: { kind: 'connecting' } };

/** Returns the current state of a group. Redraws when it changes. */
export function useGroup(group: string, token: string | undefined): LiveGroup {
  const [live, setLive] = useState(begun);
  const model = useRef(unknownGroup);
  useEffect(() => {
    model.current = unknownGroup;
    setLive(begun);
    const batch = new Throttle<StreamEvent>(events => {
      const next = applyEvents(model.current, events, Date.now());
      if (next === undefined) return watch.restart();
      model.current = next;
      setLive(({ connection }) => ({ connection, model: next }));
    });
    const watch = new GroupSubscription(group, token, {
      update: events => batch.add(events),
      connection: connection => setLive(earlier => ({ ...earlier, connection })),
    });
    return () => watch.stop();
  }, [group, token]);
  return live;
}
