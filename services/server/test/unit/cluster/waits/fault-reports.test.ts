import { expect, it } from '@jest/globals';
import { FaultReports } from '../../../../src/cluster/waits/fault-reports.js';

function createReports(): { reports: FaultReports; read: () => string[] } {
  const lines: string[] = [];
  return { reports: new FaultReports(({ event, reason }) => lines.push(`${event}: ${reason}`)), read: () => lines };
}

it('a fault is reported once for each cause, and when it is over', () => {
  const { reports, read } = createReports();
  reports.recordFault('all', 'no record after 1-7 has arrived for 5000 ms');
  reports.recordFault('all', 'no record after 1-9 has arrived for 5100 ms');
  reports.recordFault('all', 'READONLY');
  reports.recordFault('all', 'READONLY');
  reports.recordEnd('all');
  reports.recordEnd('all');
  reports.recordFault('all', 'READONLY');
  expect(read()).toEqual([
    'log.unusable: no record after 1-7 has arrived for 5000 ms',
    'log.unusable: READONLY',
    'log.usable: READONLY',
    'log.unusable: READONLY',
  ]);
});

it('each subject has faults of its own', () => {
  const { reports, read } = createReports();
  reports.recordFault('shard 1', 'READONLY');
  reports.recordFault('shard 2', 'READONLY');
  reports.recordEnd('all');
  reports.recordEnd('shard 1');
  expect(read()).toEqual(['log.unusable: READONLY', 'log.unusable: READONLY', 'log.usable: READONLY']);
  expect([reports.reasonOf('shard 1'), reports.reasonOf('shard 2')]).toEqual([undefined, 'READONLY']);
});

it('the faults of an incarnation end with it, without a report', () => {
  const { reports, read } = createReports();
  reports.recordFault('acknowledgements', 'no entry was read back for 2500 ms');
  reports.clear();
  reports.recordEnd('acknowledgements');
  expect(read()).toEqual(['log.unusable: no entry was read back for 2500 ms']);
});
