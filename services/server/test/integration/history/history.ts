import type { OutcomeCounts } from '@rankd/protocol';

/** The target of a command as its sender wrote it. */
export type AimedAt = 'below' | 'all' | { readonly ranks: readonly number[] };

/** A fencing token (protocol: Terms). */
export interface Fence {
  readonly epoch: number;
  readonly view: number;
}

/** What a sheet counts (R-CMD-7). */
export interface Counts extends OutcomeCounts {
  readonly seq: number;
}

/** A frame as a member heard it; which fields it has depends on its type. */
export interface HeardFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Recorded {
  /** A name that one member at a time bears. */
  readonly who: string;
  /** CLOCK_MONOTONIC. */
  readonly atNs: bigint;
}

/** What programs/recorder.mjs writes down. */
export type Recording = Recorded &
  (
    | { readonly kind: 'connecting' }
    | { readonly kind: 'heard'; readonly frame: HeardFrame }
    | { readonly kind: 'sent'; readonly token: string; readonly to: AimedAt }
    | { readonly kind: 'ended'; readonly token: string; readonly sheet?: Counts; readonly code?: string }
    | {
        readonly kind: 'executed';
        readonly token: string;
        readonly seq: number;
        readonly from: number;
        readonly own?: number;
      }
    | { readonly kind: 'acted'; readonly fence: Fence }
  );

/** A change of the roster, as `history` told it (R-ASK-1). */
export interface Change {
  readonly seq: number;
  readonly view: number;
  readonly size: number;
  readonly cause: {
    readonly kind: string;
    readonly member: string;
    readonly name: string;
    readonly reason?: string | undefined;
  };
}

/** What an observer knows of one epoch: every change up to the last one of them, each once where all servers tell the same. */
export interface Testimony {
  readonly epoch: number;
  readonly changes: readonly Change[];
  /** CLOCK_MONOTONIC: whatever was heard before then and is none of the changes is a command. 0: it cannot tell. */
  readonly askedAtNs: bigint;
}

/** All that was written down, each member's records in their order. */
export interface History {
  readonly recordings: readonly Recording[];
  readonly testimonies: readonly Testimony[];
  /** Whose process was killed: what it had open it cannot account for. */
  readonly killed: ReadonlySet<string>;
}

export const numberOf = (frame: HeardFrame, field: string): number => Number(frame[field]);

/** How much there is in it, in words. */
export function tellOf({ recordings, testimonies }: History): string {
  const count = (kind: Recording['kind']): number => recordings.filter(each => each.kind === kind).length;
  return (
    `${testimonies.length} epochs, ${count('heard')} frames heard, ${count('sent')} commands, ` +
    `${count('executed')} executions, ${count('acted')} acts`
  );
}
