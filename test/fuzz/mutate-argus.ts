import { below, bend, edge, putNumber, type Random, shuffled } from './bend.ts';

/** Argus files that are almost right: records and their data-specific records, by their own lengths. */

/** Records (or, from their second word on, data-specific records), by the words that each says it has. */
function partsOf(bytes: Buffer, from: number, words: (at: number) => number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = from; at < bytes.length;) {
    const length = at + 4 > bytes.length ? 0 : words(at) * 4;
    const end = length === 0 ? bytes.length : at + length;
    parts.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return parts;
}

/** One record with one of its parts bent; its length follows, mostly. */
function bentRecord(record: Buffer, random: Random): Buffer {
  let dsrs = partsOf(record, 4, (at) => ((record[at] ?? 0) & 0x80 ? 1 : (record[at + 3] ?? 0)));
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const at = below(random, dsrs.length);
    const one = dsrs[at];
    if (one === undefined) break;
    switch (below(random, 7)) {
      case 0:
        dsrs = shuffled(random, dsrs, 60);
        break;
      case 1:
        putNumber(one, 0, 1, below(random, 256), true);
        break;
      case 2:
        putNumber(one, 1, 1, random() < 0.7 ? below(random, 8) : below(random, 256), true);
        break;
      case 3:
        putNumber(one, 2, 1, below(random, random() < 0.7 ? 32 : 256), true);
        break;
      case 4:
        putNumber(one, 3, 1, edge(random, one.length / 4), true);
        break;
      case 5: {
        // Shorter or longer by words, its own length with it.
        const words = below(random, 40);
        const resized = Buffer.concat([one, Buffer.alloc(words * 4, below(random, 256))]).subarray(0, 4 + 4 * words);
        putNumber(resized, 3, 1, resized.length / 4, true);
        dsrs[at] = resized;
        break;
      }
      default:
        bend(one, Math.min(4, one.length - 1), one.length, random);
    }
  }
  const bent = Buffer.concat([record.subarray(0, 4), ...dsrs]);
  if (random() < 0.9) putNumber(bent, 2, 2, Math.ceil(bent.length / 4), true);
  if (random() < 0.1) bend(bent, 0, 4, random);
  return bent;
}

/** An argus file with some of its records bent, most often not the first, by which it is known. */
export function argusMutant(file: Buffer, random: Random): Buffer {
  let records = partsOf(file, 0, (at) => file.readUInt16BE(at + 2));
  if (random() < 0.3) records = [...records.slice(0, 1), ...shuffled(random, records.slice(1))];
  for (let times = 1 + below(random, 6); times > 0; times--) {
    const at = random() < 0.05 ? 0 : 1 + below(random, records.length - 1);
    const record = records[at];
    if (record !== undefined && record.length >= 8) records[at] = bentRecord(record, random);
  }
  return Buffer.concat(records);
}
