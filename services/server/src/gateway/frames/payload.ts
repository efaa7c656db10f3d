/** May a frame carry this much? Characters are one to three bytes, so most answers need no counting. */
export function fitsIn(payload: string | undefined, bytesMax: number): boolean {
  if (payload === undefined || payload.length * 3 <= bytesMax) return true;
  return payload.length <= bytesMax && Buffer.byteLength(payload) <= bytesMax;
}
