/** The bounds of every field and list in protocol 1. Units last: characters are Unicode code points, bytes are UTF-8. */
export const limits = {
  /** R-FRAME-2: the longest frame a session may send before its `welcome`. */
  helloFrameBytesMax: 4096,
  /** R-FRAME-2: what `args` and `value` leave of a frame for the fields around them. */
  frameOverheadBytes: 1024,
  /** The least RANKD_FRAME_BYTES_MAX that leaves room for every message the server must send whole. */
  frameBytesMaxLeast: 8192,
  /** R-FRAME-3: how deep JSON may nest; the frame's own object is level 1. */
  nestingMax: 32,
  /** R-FRAME-4: ids, names, tag keys, reasons, error codes. */
  wordCharsMax: 64,
  tagValueCharsMax: 256,
  secretCharsMax: 256,
  /** A failed result's explanation. */
  errorMessageCharsMax: 256,
  tagsMax: 16,
  requireMax: 16,
  /** R-CMD-1: entries of a `to` list. */
  targetsMax: 1000,
  /** R-CMD-3: entries of a receipt's `refused`. */
  refusedMax: 100,
  /** R-CMD-7: entries of an outcome's `missing`. */
  missingMax: 100,
  /** R-ASK-1: changes that `history` keeps, and answers with unless fewer are asked for. */
  historyMax: 1000,
  historyDefault: 100,
  /** R-ASK-1: questions that a session may put in a second. */
  asksPerSecond: 10,
  /** R-CMD-1: a command's deadline where it names none. */
  deadlineMsDefault: 5000,
} as const;
