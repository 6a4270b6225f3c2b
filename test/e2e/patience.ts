/** How long a state of the window may take to come, milliseconds: the machine may be slow and busy. */
export const PATIENCE = 60_000;
