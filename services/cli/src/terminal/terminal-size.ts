/** The size of the terminal that rankctl writes to. */

/** The size that is used if a terminal reports none. Pseudo-terminals of containers and of CI often have the size 0. */
const UNKNOWN = { columns: 80, rows: 24 } as const;

/** A size in columns and rows. A terminal may report 0 or nothing. */
export interface ReportedSize {
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

/** Returns the size of a terminal: 80 columns or 24 rows where it reports none. */
export function sizeOf({ columns, rows }: ReportedSize): { readonly columns: number; readonly rows: number } {
  return { columns: positive(columns) ?? UNKNOWN.columns, rows: positive(rows) ?? UNKNOWN.rows };
}

function positive(size: number | undefined): number | undefined {
  return size !== undefined && size > 0 ? size : undefined;
}
