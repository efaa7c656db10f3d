/** The limits of every field and list of protocol 1. Units are last in the names: characters are Unicode code points, bytes are UTF-8. */
export const limits = {
  /** R-FRAME-2: the longest frame that a session may send before its `welcome`. */
  helloFrameBytesMax: 4096,
  /** R-FRAME-2: the bytes of a frame that are reserved for the fields other than `args` and `value`. */
  frameOverheadBytes: 1024,
  /** The smallest RANKD_FRAME_BYTES_MAX. Every message that the server must not split fits into it. */
  frameBytesMaxLeast: 8192,
  /** R-FRAME-3: how deep JSON may nest. The frame itself is level 1. */
  nestingMax: 32,
  /** R-FRAME-4: ids, names, tag keys, reasons, error codes. */
  wordCharsMax: 64,
  tagValueCharsMax: 256,
  secretCharsMax: 256,
  /** The `message` of a result's error. */
  errorMessageCharsMax: 256,
  /** R-JOIN-1: tags of a member. */
  tagsMax: 16,
  /** R-JOIN-1: required features in a hello. */
  requireMax: 16,
  /** R-JOIN-1: the longest delay of a view whose only change is the size, for a session with `updates` size. */
  sizeDelayMsMax: 200,
  /** R-CMD-1: elements of a list in `to`. */
  targetsMax: 1000,
  /** R-CMD-3: elements of `refused` in a receipt, and of `unmatched`. */
  refusedMax: 100,
  /** R-CMD-7: elements of `missing` in an outcome. */
  missingMax: 100,
  /** R-ASK-1: changes that a group's history keeps. */
  historyMax: 1000,
  /** R-ASK-1: changes in the answer to a `history` without `limit`. */
  historyDefault: 100,
  /** R-ASK-1: queries of a session in a second. */
  queriesPerSecondMax: 10,
  /** R-PACE-1: frames of one session that the server takes before the frames of the others. */
  roundFramesMax: 64,
  /** R-PACE-1: pings that a session may send at once. */
  pingsAtOnce: 100,
  /** R-PACE-1: pings of a session in a second, after those at once. */
  pingsPerSecond: 50,
  /**
   * R-PACE-1: how many refusals with RATE_LIMITED a session may get at once. It regains as many in ten seconds. One more ends the session.
   */
  refusalsMax: 100,
  /** R-CMD-1: the deadline of a command that has none. */
  deadlineMsDefault: 5000,
} as const;
