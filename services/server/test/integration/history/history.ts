import type { OutcomeCounts } from '@rankd/protocol';

/** The target of a command as its sender wrote it. */
export type AimedAt = 'below' | 'all' | { readonly ranks: readonly number[] };

/** A fencing token (docs/protocol.md, Glossary). */
export interface Fence {
  readonly epoch: number;
  readonly view: number;
}

/** The counts of an outcome (R-CMD-7). */
export interface Counts extends OutcomeCounts {
  readonly seq: number;
}

/** A frame as a member received it. Its fields depend on its type. */
export interface HeardFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Recorded {
  /** A name that one member at a time has. */
  readonly who: string;
  /** CLOCK_MONOTONIC. */
  readonly atNs: bigint;
}

/** The records that programs/recorder.mjs writes. */
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

/** A change of the roster, as in `history` frames (R-ASK-1). */
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

/**
 * The changes of one epoch that an observer knows: all up to the last one, each once if all servers report the same.
 */
export interface Testimony {
  readonly epoch: number;
  readonly changes: readonly Change[];
  /** CLOCK_MONOTONIC. A position that was received before this time and is no known change is a command. 0: unknown. */
  readonly askedAtNs: bigint;
}

/** All records, each member's in their order. */
export interface History {
  readonly recordings: readonly Recording[];
  readonly testimonies: readonly Testimony[];
  /** The names whose process was killed. Their open commands have no ending. */
  readonly killed: ReadonlySet<string>;
}

export const numberOf = (frame: HeardFrame, field: string): number => Number(frame[field]);

/** The size of a history, in words. */
export function sizeInWords({ recordings, testimonies }: History): string {
  const count = (kind: Recording['kind']): number => recordings.filter(each => each.kind === kind).length;
  return (
    `${testimonies.length} epochs, ${count('heard')} frames received, ${count('sent')} commands, ` +
    `${count('executed')} executions, ${count('acted')} acts`
  );
}
