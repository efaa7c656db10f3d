/** One group in the answer of the side port to /api/groups. */
export interface GroupSummary {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  /** The number of sessions on the waitlist. */
  readonly waiting: number;
  readonly membersMax: number;
  readonly leader: { readonly member: string; readonly name: string } | null;
}
