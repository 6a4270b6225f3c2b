/** Characters of the passphrase of a new encrypted case, at least. */
export const LEAST_PASSPHRASE = 8;
