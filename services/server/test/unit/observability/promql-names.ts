const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
/** The labels and metrics that Prometheus itself adds to targets and alerts. */
const LABELS_OF_ANY = ['job', 'instance'];

/** A metric that an expression reads, and the labels that it selects by. */
export interface PromqlSelector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** The metrics that may be read, with their labels. */
export type KnownMetrics = ReadonlyMap<string, ReadonlySet<string>>;

/** Every metric that a PromQL expression reads: names that are no functions, keywords, labels or strings. */
export function selectorsIn(expression: string): PromqlSelector[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const found = bare.matchAll(/(?<![\w:$.])([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\}|(\())?/g);
  return [...found].flatMap(([, metric = '', matchers = '', call]) => {
    if (call !== undefined || KEYWORDS.has(metric.toLowerCase())) return [];
    return [{ metric, labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label) }];
  });
}

/** The errors in the names of an expression, a line each. */
export function faultsOfNames(expression: string, known: KnownMetrics): string[] {
  return selectorsIn(expression).flatMap(({ metric, labels }) => {
    const own = known.get(metric);
    if (own === undefined) return [`no such metric: ${metric}`];
    return labels.filter(label => !own.has(label)).map(label => `${metric} has no label ${label}`);
  });
}

/** A metric under the names that a scrape contains. A histogram has three names. */
export function scrapedNames(
  metrics: readonly { readonly name: string; readonly type: string; readonly labels: readonly string[] }[],
): Map<string, ReadonlySet<string>> {
  return new Map(
    metrics.flatMap(({ name, type, labels }) => {
      const all = [...labels, ...LABELS_OF_ANY];
      const plain = (suffix: string): [string, ReadonlySet<string>] => [`${name}${suffix}`, new Set(all)];
      if (type !== 'histogram') return [plain('')];
      return [plain('_sum'), plain('_count'), [`${name}_bucket`, new Set([...all, 'le'])]] as const;
    }),
  );
}
