import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { PeerPlaces } from '../../electron/casefile/peer-places.ts';
import { countryAgreement } from '../../electron/engine/table-agreement.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { buildCase } from '../casefile/synthetic-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-agreement-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('counts the flows whose peers two tables place differently; a table that knows nothing disagrees with none', () => {
  const path = join(folder, 'case.enclave');
  const from = (responder: string, country: string) => ({
    start: 1e15,
    initiator: '175.45.176.1',
    responder,
    country,
    subjectSide: 'initiator' as const,
  });
  buildCase(path, [
    from('1.0.0.1', 'DE'),
    from('1.0.0.1', 'DE'),
    from('1.0.0.2', 'DE'),
    from('1.0.0.3', 'DE'),
    { ...from('2001:db8::1', 'FR'), initiator: '2001:db8::1', responder: '175.45.176.1', subjectSide: 'responder' },
    { ...from('1.0.0.1', 'DE'), subjectSide: 'none' },
  ]);
  const reader = new CaseReader(path);
  let lookups = 0;
  const says = (a: number, d: number): [string | null, string | null] => {
    lookups++;
    if (a !== 0) return ['FR', 'BE'];
    return { 1: ['DE', 'KR'], 2: ['DE', 'DE'], 3: ['DE', null] }[d & 0xff] as [string, string | null];
  };
  const tables = {
    countries: (a: number, _b: number, _c: number, d: number) =>
      says(a, d).map((each, i) => ({ table: `t${i}`, date: null, says: each })),
  };
  const places = PeerPlaces.of(reader, () => tables);
  const found = countryAgreement(reader, compileFilter(parseFilter(''), reader), places);
  const ofFrance = countryAgreement(reader, compileFilter(parseFilter('country = FR'), reader), places);
  const ofNone = countryAgreement(reader, compileFilter(parseFilter('country = US'), reader), places);
  reader.close();
  expect(found.tables).toEqual([
    { table: 't0', date: null },
    { table: 't1', date: null },
  ]);
  expect(found.countries).toEqual([
    { country: 'DE', flows: 4, disagree: 2, others: [{ country: 'KR', flows: 2 }] },
    { country: 'FR', flows: 1, disagree: 1, others: [{ country: 'BE', flows: 1 }] },
  ]);
  expect(ofFrance.countries).toEqual([{ country: 'FR', flows: 1, disagree: 1, others: [{ country: 'BE', flows: 1 }] }]);
  expect(ofNone).toEqual({ tables: [], countries: [] });
  // Another filter looks nothing up again.
  expect(lookups).toBe(4);
});
