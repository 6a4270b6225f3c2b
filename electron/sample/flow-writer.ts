/** Writes measured flows in one form of evidence, day after day, in order of start. */
export interface FlowWriter {
  day(values: Float64Array, order: Uint32Array): void;
  /** Ends the files and gives them, with their sizes in bytes. */
  end(): readonly { readonly path: string; readonly bytes: number }[];
}
