import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of real captures beside the checkout, where there is one. */
export const CORPUS = fileURLToPath(new URL('../../shared/corpus/', import.meta.url));

export const corpusIsThere = existsSync(`${CORPUS}manifest.tsv`);

export interface CorpusFile {
  path: string;
  bytes: number;
  sha256: string;
  format: string;
  linkType: string;
  /** Packets by capinfos; null where it could not tell. */
  packets: number | null;
}

/** Rows of the corpus manifest. */
export function corpusFiles(): CorpusFile[] {
  if (!corpusIsThere) return [];
  const [head, ...lines] = readFileSync(`${CORPUS}manifest.tsv`, 'utf8').trimEnd().split('\n');
  const names = head.split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    const cell = (name: string): string => cells[names.indexOf(name)] ?? '';
    return {
      path: cell('path'),
      bytes: Number(cell('bytes')),
      sha256: cell('sha256'),
      format: cell('format'),
      linkType: cell('linktype'),
      packets: /^\d+$/.test(cell('packets')) ? Number(cell('packets')) : null,
    };
  });
}
