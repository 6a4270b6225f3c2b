import { isParquet } from '../flows/parquet/parquet-file.ts';
import { explainText } from '../flows/text/text-exports.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { describeRefused } from './refused-formats.ts';

/** What a file is that no reader takes, in words. */
export function describeUnknown(head: Uint8Array, mapping: Mapping | null = null): string {
  if (head.length === 0) return 'the file is empty';
  if (isParquet(head)) return 'a Parquet file inside a container: unpack it first';
  const refused = describeRefused(head);
  if (refused !== null) return refused;
  const isText = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  if (isText) return explainText(head, mapping)?.message ?? 'text that is no flow export known to this version';
  return 'neither a capture nor a flow export known to this version';
}
