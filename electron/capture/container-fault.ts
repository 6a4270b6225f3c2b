/** What stops a compressed stream or an archive; what came out before it is kept. */

export type FaultKind = 'damaged-compression' | 'damaged-archive' | 'compression-not-read' | 'nested-too-deep' | 'bomb';

/** Thrown by decompressors and readers of archives; becomes a problem of the evidence, never the import's end. */
export class ContainerFault extends Error {
  readonly kind: FaultKind;
  /** Set once it stands among the problems: a fault may pass through several layers. */
  told = false;
  /** Where the container's own stream broke, bytes; null when that is not known. */
  offset: number | null = null;

  constructor(kind: FaultKind, message: string) {
    super(message);
    this.name = 'ContainerFault';
    this.kind = kind;
  }
}
