import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { faultsOf, flowLines } from './case-state.ts';
import { linesOf, runEnclave } from './run-enclave.ts';

/** Bad input of every kind: one clear line, the right exit code, and nothing of the case is lost. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-bad-input-'));
const BASE = join(ROOT, 'base.enclave');
const BASE_FLOWS = 20;
let engine = new Engine();
const inRoot = (name: string): string => join(ROOT, name);
const put = (name: string, content: string | Uint8Array): string => {
  mkdirSync(join(ROOT, name, '..'), { recursive: true });
  writeFileSync(inRoot(name), content);
  return inRoot(name);
};

let caseNumber = 0;
/** A case of its own that holds the flows of the base case. */
function freshCase(): string {
  const path = inRoot(`case-${++caseNumber}.enclave`);
  copyFileSync(BASE, path);
  return path;
}

beforeAll(async () => {
  const good = put('base.pcap', pcap(conversations(BASE_FLOWS)));
  const profile = readProfile('default');
  await engine.run('new', { case: BASE, profile, title: '', examiner: '', authority: '' });
  await engine.run('import', { case: BASE, paths: [good] });
  // Closing leaves the case as one file, which the rows copy.
  await engine.close();
  engine = new Engine();
});

afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

interface BadInput {
  what: string;
  /** Arguments; `CASE` stands for the case of this row. Files are made on the way. */
  args: () => string[];
  code: number;
  /** What the one line must say. */
  says: RegExp;
  /** Path that the line must name. */
  names?: () => string;
  /** Flows of the case afterwards; those of the base case when not given. */
  flows?: number;
}

const good = (): string => put('good.pcap', pcap(conversations(5, 1000)));

const EVIDENCE: readonly BadInput[] = [
  {
    what: 'empty file',
    args: () => ['import', 'CASE', put('empty.pcap', '')],
    code: 2,
    says: /rejected: the file is empty .*; copy it again/,
    names: () => inRoot('empty.pcap'),
  },
  {
    what: 'text file',
    args: () => ['import', 'CASE', put('notes.txt', 'Dear diary,\nnothing happened today.\n')],
    code: 2,
    says: /rejected: text that is no flow export known .*; give a capture or a flow export/,
    names: () => inRoot('notes.txt'),
  },
  {
    what: 'truncated file header',
    args: () => ['import', 'CASE', put('short.pcap', pcap([]).subarray(0, 10))],
    code: 2,
    says: /rejected: the capture ends inside its file header .*; copy it again/,
    names: () => inRoot('short.pcap'),
  },
  {
    what: 'unknown magic',
    args: () => ['import', 'CASE', put('magic.bin', Buffer.from('00112233445566778899aabbccddeeff'.repeat(8), 'hex'))],
    code: 2,
    says: /rejected: neither a capture nor a flow export .*; give a capture or a flow export/,
    names: () => inRoot('magic.bin'),
  },
  {
    what: 'a compression that is not read',
    args: () => {
      const magic = Buffer.from('377abcaf271c', 'hex');
      return ['import', 'CASE', put('capture.pcap.7z', Buffer.concat([magic, Buffer.alloc(500, 7)]))];
    },
    code: 2,
    says: /rejected: a file of the kind 7-Zip.*; /,
    names: () => inRoot('capture.pcap.7z'),
  },
  {
    what: 'link type that nobody decodes',
    args: () => ['import', 'CASE', put('user0.pcap', pcap(conversations(1), 147))],
    code: 2,
    says: /rejected: packets of .* are not decoded.*; /,
    names: () => inRoot('user0.pcap'),
  },
  {
    what: 'missing file',
    args: () => ['import', 'CASE', inRoot('nowhere.pcap')],
    code: 2,
    says: /rejected: there is no such file or folder .*; check the path/,
    names: () => inRoot('nowhere.pcap'),
  },
  {
    what: 'link that leads back to itself',
    args: () => {
      symlinkSync('loop.pcap', inRoot('loop.pcap'));
      return ['import', 'CASE', inRoot('loop.pcap')];
    },
    code: 2,
    says: /rejected: the link leads back to itself .*; check the path/,
    names: () => inRoot('loop.pcap'),
  },
  {
    what: 'device',
    args: () => ['import', 'CASE', '/dev/null'],
    code: 2,
    says: /rejected: it is not a regular file .*; /,
    names: () => '/dev/null',
  },
  {
    what: 'folder without files',
    args: () => {
      mkdirSync(inRoot('void/deeper'), { recursive: true });
      return ['import', 'CASE', inRoot('void')];
    },
    code: 2,
    says: /there is no file in it .*; give a capture or a flow export/,
    names: () => inRoot('void'),
  },
  {
    what: 'folder without evidence',
    args: () => {
      put('papers/a.txt', 'one\n');
      put('papers/b.md', '# two\n');
      return ['import', 'CASE', inRoot('papers')];
    },
    code: 2,
    says: /none of the 2 files in it is a capture or flow export .*; name a capture/,
    names: () => inRoot('papers'),
  },
  {
    what: 'capture with no packets',
    args: () => ['import', 'CASE', put('none.pcap', pcap([]))],
    code: 0,
    says: /note: it holds no packet and no record .*; check that it is the right file/,
    names: () => inRoot('none.pcap'),
  },
  {
    what: 'empty file in a folder of good evidence',
    args: () => {
      put('mixed/good.pcap', pcap(conversations(5, 1000)));
      put('mixed/zero.pcap', '');
      return ['import', 'CASE', inRoot('mixed')];
    },
    code: 3,
    says: /rejected: the file is empty .*; copy it again/,
    names: () => inRoot('mixed/zero.pcap'),
    flows: BASE_FLOWS + 5,
  },
  {
    what: 'missing file beside a good one',
    args: () => ['import', 'CASE', inRoot('nowhere.pcap'), good()],
    code: 3,
    says: /rejected: there is no such file or folder .*; check the path/,
    names: () => inRoot('nowhere.pcap'),
    flows: BASE_FLOWS + 5,
  },
  {
    what: 'dangling link in a folder of good evidence',
    args: () => {
      put('linked/good.pcap', pcap(conversations(5, 1000)));
      symlinkSync('gone.pcap', inRoot('linked/link.pcap'));
      return ['import', 'CASE', inRoot('linked')];
    },
    code: 3,
    says: /rejected: there is no such file or folder .*; check the path/,
    names: () => inRoot('linked/link.pcap'),
    flows: BASE_FLOWS + 5,
  },
  {
    what: 'capture cut inside a packet',
    args: () => ['import', 'CASE', put('cut.pcap', pcap(conversations(5, 1000)).subarray(0, -30))],
    code: 3,
    says: /partly read: the capture ends inside record 30 .*, byte \d+\); if the original is whole/,
    names: () => inRoot('cut.pcap'),
    flows: BASE_FLOWS + 5,
  },
];

const NOT_A_DATABASE = (): string => put('letter.enclave', 'this is a letter, not a case\n'.repeat(20));

function otherDatabase(): string {
  const path = inRoot('other.enclave');
  rmSync(path, { force: true });
  const db = new Database(path);
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
  db.close();
  return path;
}

function newerCase(): string {
  const path = freshCase();
  const db = new Database(path);
  db.pragma('user_version = 99');
  db.close();
  return path;
}

/** Every page but the first overwritten. */
function damagedCase(): string {
  const path = freshCase();
  const bytes = readFileSync(path);
  bytes.fill('damage', 16_384);
  writeFileSync(path, bytes);
  return path;
}

const cutCase = (): string => put('cut.enclave', readFileSync(BASE).subarray(0, 5000));

const CASES: readonly BadInput[] = [
  {
    what: 'missing case',
    args: () => ['flows', inRoot('no.enclave')],
    code: 2,
    says: /there is no such case .*; create it with/,
    names: () => inRoot('no.enclave'),
  },
  {
    what: 'import into a missing case',
    args: () => ['import', inRoot('no.enclave'), good()],
    code: 2,
    says: /there is no such case .*; create it with/,
  },
  {
    what: 'text file as case',
    args: () => ['findings', NOT_A_DATABASE()],
    code: 2,
    says: /this file is not an Enclave case .*; name a \.enclave file/,
  },
  {
    what: 'import into a text file',
    args: () => ['import', NOT_A_DATABASE(), good()],
    code: 2,
    says: /this file is not an Enclave case .*; name a \.enclave file/,
  },
  {
    what: 'another SQLite database as case',
    args: () => ['summary', otherDatabase(), '--by', 'category'],
    code: 2,
    says: /this file is not an Enclave case .*; name a \.enclave file/,
  },
  { what: 'folder as case', args: () => ['flows', ROOT], code: 2, says: /cannot be read .*; / },
  {
    what: 'case from a newer version',
    args: () => ['flows', newerCase()],
    code: 2,
    says: /format version 99, .*; open it with a newer Enclave/,
  },
  {
    what: 'import into a case from a newer version',
    args: () => ['import', newerCase(), good()],
    code: 2,
    says: /format version 99, .*; open it with a newer Enclave/,
  },
  {
    what: 'damaged case, reading',
    args: () => ['flows', damagedCase()],
    code: 2,
    says: /case file is damaged .*; bring it back from a backup/,
  },
  {
    what: 'damaged case, importing',
    args: () => ['import', damagedCase(), good()],
    code: 2,
    says: /case file is damaged .*; bring it back from a backup/,
  },
  {
    what: 'damaged case, verifying',
    args: () => ['verify', damagedCase()],
    code: 2,
    says: /case file is damaged .*; bring it back from a backup/,
  },
  {
    what: 'cut case',
    args: () => ['findings', cutCase()],
    code: 2,
    says: /case file is damaged .*; bring it back from a backup/,
  },
  { what: 'new over a case', args: () => ['new', freshCase()], code: 2, says: /exists already .*; choose another/ },
  {
    what: 'new in a missing folder',
    args: () => ['new', inRoot('missing/x.enclave')],
    code: 2,
    says: /directory does not exist.*; /,
  },
];

const PROFILE = (content: string): string => put('profile.json', content);

const USES: readonly BadInput[] = [
  {
    what: 'profile that does not come with Enclave',
    args: () => ['new', inRoot('p.enclave'), '--profile', 'atlantis'],
    code: 2,
    says: /no profile of this name .*\(atlantis\); name a JSON file/,
  },
  {
    what: 'profile that is no JSON',
    args: () => ['new', inRoot('p.enclave'), '--profile', PROFILE('{"name":')],
    code: 2,
    says: /it is not JSON .*profile\.json\); /,
  },
  {
    what: 'profile with a wrong range',
    args: () => [
      'new',
      inRoot('p.enclave'),
      '--profile',
      PROFILE('{"name":"x","timeZone":"UTC","ranges":[{"label":"a","cidr":"1.2.3.4/99"}]}'),
    ],
    code: 2,
    says: /the profile is wrong at .*ranges.*profile\.json\); /,
  },
  {
    what: 'wrong filter',
    args: () => ['flows', 'CASE', '--where', 'category = gaming and colour = red'],
    code: 1,
    says: /column 23: unknown field "colour"; fields are /,
  },
  {
    what: 'unfinished filter',
    args: () => ['summary', 'CASE', '--by', 'day', '--where', '(port ='],
    code: 1,
    says: /; /,
  },
  {
    what: 'unknown verb',
    args: () => ['destroy', 'CASE'],
    code: 1,
    says: /unknown verb "destroy"; see: enclave --help/,
  },
  { what: 'no verb', args: () => [], code: 1, says: /a verb is missing; see: enclave --help/ },
  {
    what: 'unknown option',
    args: () => ['flows', 'CASE', '--colour'],
    code: 1,
    says: /--colour.*; usage: enclave flows/,
  },
  { what: 'no case', args: () => ['flows'], code: 1, says: /a case is missing; usage: enclave flows/ },
  { what: 'no evidence', args: () => ['import', 'CASE'], code: 1, says: /an argument is missing; usage/ },
  { what: 'two cases', args: () => ['flows', 'CASE', 'CASE'], code: 1, says: /unexpected argument .*; usage/ },
  { what: 'wrong limit', args: () => ['flows', 'CASE', '--limit', 'many'], code: 1, says: /--limit "many".*; usage/ },
  {
    what: 'wrong format',
    args: () => ['flows', 'CASE', '--format', 'xml'],
    code: 1,
    says: /unknown format "xml"; use/,
  },
  {
    what: 'wrong dimension',
    args: () => ['summary', 'CASE', '--by', 'mood'],
    code: 1,
    says: /unknown dimension "mood"/,
  },
  {
    what: 'wrong metric',
    args: () => ['summary', 'CASE', '--by', 'day', '--metric', 'joy'],
    code: 1,
    says: /unknown metric "joy"; use one of/,
  },
  {
    what: 'report into a missing folder',
    args: () => ['report', 'CASE', '--out', inRoot('missing/report.html')],
    code: 2,
    says: /cannot be written .*; choose another place/,
  },
  {
    what: 'flows into a missing folder',
    args: () => ['flows', 'CASE', '--out', inRoot('missing/flows.csv'), '--format', 'csv'],
    code: 2,
    says: /cannot be written .*; choose another place/,
  },
  {
    what: 'report of an unknown kind',
    args: () => ['report', 'CASE', '--out', inRoot('report.docx')],
    code: 1,
    says: /--out FILE\.html or FILE\.pdf is missing; usage/,
  },
  {
    what: 'evidence folder that is not there',
    args: () => ['verify', 'CASE', '--evidence', inRoot('missing')],
    code: 2,
    says: /there is no such folder .*; /,
  },
];

function expectOneClearLine(stderr: string): string {
  const lines = linesOf(stderr);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^enclave: \S.*; \S/);
  expect(lines[0]).not.toMatch(/internal error|SQLITE_|node:|^\s+at /);
  return lines[0];
}

async function check({ args, code, says, names, flows = BASE_FLOWS }: BadInput): Promise<void> {
  const casePath = freshCase();
  const before = await flowLines(engine, casePath);
  expect(before).toHaveLength(BASE_FLOWS);
  const run = await runEnclave(args().map((arg) => (arg === 'CASE' ? casePath : arg)));
  const line = expectOneClearLine(run.stderr);
  expect(line).toMatch(says);
  expect(line).toContain(names?.() ?? '');
  expect(run.code).toBe(code);
  const after = await flowLines(engine, casePath);
  expect(after).toHaveLength(flows);
  expect(after).toEqual(expect.arrayContaining(before));
  expect(await faultsOf(engine, casePath)).toEqual([]);
}

describe.each([
  ['evidence', EVIDENCE],
  ['case', CASES],
  ['use', USES],
])('bad %s', (_kind, rows) => {
  it.each(rows)('$what: exit code $code, one line, nothing lost', check);
});

describe('reading that fails', () => {
  it('tells a file whose medium cannot be read, and imports the others', async () => {
    // A regular file by its looks; reading its beginning is an input/output error for everybody.
    const casePath = freshCase();
    const run = await runEnclave(['import', casePath, '/proc/self/mem', good()]);
    expect(expectOneClearLine(run.stderr)).toMatch(
      /rejected: the file cannot be read .*EIO.*\/proc\/self\/mem.*; check/,
    );
    expect(run.code).toBe(3);
    expect(await flowLines(engine, casePath)).toHaveLength(BASE_FLOWS + 5);
  });

  it('tells a file that may not be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'enclave-forbidden-'));
    const forbidden = join(folder, 'forbidden.pcap');
    writeFileSync(forbidden, pcap(conversations(1)), { mode: 0 });
    const casePath = freshCase();
    // Root reads everything, unless it lets go of the capability to.
    const under = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    const run = await runEnclave(['import', casePath, forbidden], { under });
    rmSync(folder, { recursive: true, force: true });
    expect(expectOneClearLine(run.stderr)).toMatch(/rejected: .*may not be read .*forbidden\.pcap\); check/);
    expect(run.code).toBe(2);
    expect(await flowLines(engine, casePath)).toHaveLength(BASE_FLOWS);
  });
});

describe('with --json', () => {
  it.each([
    ['a rejected file', () => ['import', freshCase(), put('empty.pcap', ''), '--json'], 2],
    ['a missing case', () => ['import', inRoot('no.enclave'), good(), '--json'], 2],
    ['a wrong filter', () => ['summary', freshCase(), '--by', 'day', '--where', 'x', '--json'], 1],
    ['a damaged case', () => ['findings', damagedCase(), '--json'], 2],
  ])('%s leaves stdout empty or JSON', async (_what, args, code) => {
    const run = await runEnclave(args());
    expect(run.code).toBe(code);
    for (const line of linesOf(run.stdout)) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(linesOf(run.stderr).filter((line) => line.startsWith('enclave: '))).toHaveLength(1);
  });

  it('names the reason of a rejection in the summary', async () => {
    const run = await runEnclave(['import', freshCase(), put('empty.pcap', ''), good(), '--json']);
    expect(run.code).toBe(3);
    const summary = JSON.parse(linesOf(run.stdout).at(-1) ?? '') as {
      evidence: { status: string; problems: { kind: string; firstOffset: number; message: string }[] }[];
      totals: Record<string, number>;
    };
    expect(summary.totals).toMatchObject({ files: 2, imported: 1, rejected: 1, flows: 5 });
    expect(summary.evidence[0]).toMatchObject({ status: 'rejected', problems: [{ kind: 'empty', firstOffset: 0 }] });
  });
});
