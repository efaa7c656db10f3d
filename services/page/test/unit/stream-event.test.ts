import { expect, it } from '@jest/globals';
import { COMMAND_EVENTS_MAX, readStreamEvents } from '../../src/model/stream-event.js';

const raw = (event: string, data: object): { event: string; data: string } => ({ event, data: JSON.stringify(data) });

it('the events of a stream are read; unknown events of a newer server are skipped', () => {
  expect(readStreamEvents([raw('view', { view: 2 }), raw('weather', {}), raw('pulse', { at: 'x' })])).toEqual([
    { event: 'view', view: 2 },
    { event: 'pulse', at: 'x' },
  ]);
});

it('of very many commands at once only the newest are read, and every change of the roster', () => {
  const commands = Array.from({ length: COMMAND_EVENTS_MAX }, (_, seq) => raw('command', { seq }));
  expect(readStreamEvents(commands)).toHaveLength(COMMAND_EVENTS_MAX);
  const flood = [raw('command', { seq: -1 }), raw('view', { view: 2 }), ...commands];
  expect(readStreamEvents(flood)).toEqual([{ event: 'view', view: 2 }, ...readStreamEvents(commands)]);
});
