import { relative } from 'node:path';
import { root } from '../run.mjs';

/**
 * What a jest project's JSON report comes to, as { passed, failed, skipped, faults }; `faults` are lines for a person about
 * what jest's own output does not show as a failure. `report` is undefined where jest wrote none.
 */
export function summarizeReport({ project, report, exitCode, skippingFails }) {
  if (report === undefined) return { ...nothing, failed: 1, faults: [`${project}: jest wrote no report`] };
  // a pattern that matches no file any more would otherwise go unnoticed for good
  if (report.testResults.length === 0) return { ...nothing, failed: 1, faults: [`${project}: there is no test`] };
  const summary = sum(report.testResults.map(file => summarizeFile({ project, file, skippingFails })));
  if (exitCode === 0 || summary.failed > 0) return summary;
  return sum([
    summary,
    { ...nothing, failed: 1, faults: [`${project}: jest ended with ${exitCode} though no test failed`] },
  ]);
}

export const nothing = { passed: 0, failed: 0, skipped: 0, faults: [] };

export function sum(summaries) {
  return summaries.reduce(
    (total, summary) => ({
      passed: total.passed + summary.passed,
      failed: total.failed + summary.failed,
      skipped: total.skipped + summary.skipped,
      faults: [...total.faults, ...summary.faults],
    }),
    nothing,
  );
}

/** The one closing line. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function summarizeFile({ project, file, skippingFails }) {
  const path = relative(root, file.name);
  const withStatus = (...statuses) => file.assertionResults.filter(test => statuses.includes(test.status));
  const failed = withStatus('failed').length;
  const skipped = withStatus('pending', 'skipped', 'todo', 'disabled');
  // it does not compile, throws outside its tests, or has none
  const outside = file.status === 'failed' && failed === 0 ? [`${project}: ${path} failed outside its tests`] : [];
  const refused = skippingFails
    ? skipped.map(test => `${project}: skipped, which fails here: ${path}: ${test.fullName}`)
    : [];
  return {
    passed: withStatus('passed').length,
    failed: failed + outside.length + refused.length,
    skipped: skipped.length - refused.length,
    faults: [...outside, ...refused],
  };
}
