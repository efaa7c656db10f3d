/** Checks the names and the listeners of events when they are added. */

import type { EventEmitter } from 'node:events';
import { checkArgument } from './check-argument.js';
import { functionRule } from './rules.js';

/** The methods that add a listener. */
const methods = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const;
/** The events of Node. Generic code may listen to `error` on any EventEmitter. */
const nodeEvents = ['error', 'newListener', 'removeListener'];

/**
 * Makes the methods of `emitter` that add a listener throw BAD_ARGUMENT for an event that it does not emit, or a listener that is not a
 * function. The methods keep their types.
 * @param events the events that it emits
 */
export function checkListeners<Events>(emitter: EventEmitter, events: Readonly<Record<keyof Events, true>>): void {
  const names = Object.keys(events);
  const known = new Set<unknown>([...names, ...nodeEvents]);
  const nameRule = {
    allowed: `one of ${names.join(', ')}`,
    accepts: (name: unknown) => typeof name === 'symbol' || known.has(name),
  };
  for (const method of methods) {
    const add = emitter[method].bind(emitter);
    const checked: typeof add = (name, listener) => {
      checkArgument('the name of the event', name, nameRule);
      checkArgument(`the listener of ${String(name)}`, listener, functionRule);
      return add(name, listener);
    };
    Object.defineProperty(emitter, method, { value: checked, writable: true, configurable: true });
  }
}
