/** Kinds of problems that mean: a part of this file could not be read. Others are told, but lose nothing of the file. */
const LOSING_KINDS: ReadonlySet<string> = new Set([
  'truncated-packet',
  'damaged-record',
  'damaged-block',
  'damaged-packet',
  'damaged-interface',
  'damaged-end',
  'damaged-compression',
  'damaged-archive',
  'compression-not-read',
  'nested-too-deep',
  'bomb',
  'member-encrypted',
  'member-unreadable',
  'changed-while-read',
  'link-type-unknown',
  'line-too-long',
  'bad-utf8',
  'bad-json',
  'no-header',
  'bad-header',
  'wrong-columns',
  'missing-fields',
  'bad-time',
  'bad-number',
  'bad-address',
  'bad-text',
  'no-uid',
  'unknown-transport',
]);

/** True when a problem of this kind makes its file `partial`. */
export function isLoss(kind: string): boolean {
  return LOSING_KINDS.has(kind);
}
