import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Behaviour, BEHAVIOURS } from '../../electron/classify/behaviour/behaviour-mark.ts';
import { gatherBehaviours } from '../../electron/classify/behaviour/behaviours.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import { type FlowRecord, transportNumber } from '../../shared/flow.ts';
import { parseInstant } from '../../shared/time.ts';
import { type Category, isCategory } from '../../shared/vocabulary.ts';
import { columnsOf, type GatheredFlow } from '../classify/behaviour/gathered-flows.ts';
import { type FlowSource, ownFlowSource } from './own-flows.ts';
import { textTable } from './text-table.ts';

/**
 * `npm run score:behaviour -- [DIR] [--write FILE] [--list]`: takes payload and names away from flows, marks behaviours from counts and
 * times alone, and compares with what payload and names said. Of generated traffic (the world of the demo, three weeks as a capture), and of
 * the captures and flow logs that DIR/manifest.tsv lists, each a case of its own, without those bent by fuzzing. `--write` puts the tables
 * between the marks in FILE, `--list` prints where the marks fell.
 */

/** Categories by payload or name that a behaviour is right about; of a socket its own. */
const RIGHT: Readonly<Record<Exclude<Behaviour, 'same-socket'>, readonly Category[]>> = {
  'horizontal-scan': ['scan'],
  'vertical-scan': ['scan'],
  'peer-to-peer': ['p2p', 'crypto'],
  'peers-on-port': ['p2p'],
  'coin-nodes': ['crypto'],
  'mail-server': ['email'],
  'ftp-data': ['files'],
  'call-media': ['comms'],
  'dns-tunnel': ['vpn'],
  'single-server-tunnel': ['vpn'],
  'paced-stream': ['streaming'],
  'paced-call': ['comms', 'gaming'],
  'pool-polling': ['crypto'],
};

const BEGIN = '<!-- score:behaviour begins -->';
const END = '<!-- score:behaviour ends -->';

const FLAG_LETTERS = 'FSRPAUEC';

/** TCP flags as bits, of the letters that nfdump prints. */
function flagBits(text: string | null): number {
  return [...(text ?? '')].reduce((bits, letter) => {
    const bit = FLAG_LETTERS.indexOf(letter);
    return bit < 0 ? bits : bits | (1 << bit);
  }, 0);
}

/** The counts and times of a flow: nothing else of it is looked at. */
function stripped(flow: FlowRecord): GatheredFlow {
  const { initiator, responder, initiatorPort, responderPort, packetsOut, bytesOut, packetsIn, bytesIn, state } = flow;
  return {
    initiator,
    responder,
    initiatorPort,
    responderPort,
    packetsOut,
    bytesOut,
    packetsIn,
    bytesIn,
    state,
    start: parseInstant(flow.start, 'UTC') ?? 0,
    end: parseInstant(flow.end, 'UTC') ?? 0,
    transport: transportNumber(flow.transport) ?? 0,
    tcpFlags: flagBits(flow.tcpFlags),
    sampling: flow.sampling,
  };
}

/** What payload or a name says of a flow; null when neither does. */
function truthOf({ category, labelEvidence }: FlowRecord): Category | null {
  if (!['payload', 'hostname', 'dns'].includes(labelEvidence)) return null;
  return isCategory(category) && category !== 'unknown' ? category : null;
}

interface Tally {
  marked: number;
  readonly files: Set<string>;
  right: number;
  /** What payload or names say instead, with how many flows. */
  readonly instead: Map<string, number>;
}

/** Marks of the flows of several files, held against their payload and names. */
class Score {
  readonly #tallies = new Map<Behaviour, Tally>(
    BEHAVIOURS.map((behaviour) => [behaviour, { marked: 0, files: new Set(), right: 0, instead: new Map() }]),
  );
  readonly #categories = new Map<Category, { flows: number; found: number; files: Set<string> }>();
  #files = 0;
  #flows = 0;
  #unread = 0;

  /** Scores a file as a case of its own. Returns where marks fell. */
  async add(name: string, file: string, flowsOf: FlowSource): Promise<string[]> {
    const got = existsSync(file) ? await flowsOf(file) : { failure: 'the file is not there' };
    if ('failure' in got) {
      this.#unread++;
      return [];
    }
    this.#files++;
    this.#flows += got.flows.length;
    const facts = columnsOf(got.flows.map(stripped));
    const behaviours = gatherBehaviours([facts], () => undefined);
    const columns = behaviours.columnsOf(facts);
    const met = new Map<string, number>();
    for (const [row, flow] of got.flows.entries()) {
      const truth = truthOf(flow);
      const mark = columns === null ? null : behaviours.markOf(columns, row);
      const isRight =
        mark !== null &&
        truth !== null &&
        (mark.behaviour === 'same-socket' ? mark.category === truth : RIGHT[mark.behaviour].includes(truth));
      if (truth !== null) {
        const known = this.#categories.get(truth) ?? { flows: 0, found: 0, files: new Set() };
        known.flows++;
        known.files.add(name);
        if (isRight) known.found++;
        this.#categories.set(truth, known);
      }
      const tally = mark === null ? undefined : this.#tallies.get(mark.behaviour);
      if (mark === null || tally === undefined) continue;
      const said = truth === null ? 'not known' : `${flow.protocol}/${truth}`;
      tally.marked++;
      tally.files.add(name);
      if (isRight) tally.right++;
      else if (truth !== null) tally.instead.set(said, (tally.instead.get(said) ?? 0) + 1);
      met.set(`${mark.behaviour} ${said}`, (met.get(`${mark.behaviour} ${said}`) ?? 0) + 1);
    }
    return [...met].map(([seen, count]) => `${name}: ${count} ${seen}`);
  }

  /** Precision by behaviour, of flows whose payload or name tells; recall by category. */
  toString(): string {
    const precision = textTable(
      ['behaviour', 'flows marked', 'files', 'of them known', 'right', 'precision', 'else'],
      [...this.#tallies]
        .filter(([, { marked }]) => marked > 0)
        .map(([behaviour, { marked, files, right, instead }]) => {
          const wrong = [...instead.values()].reduce((sum, count) => sum + count, 0);
          const others = [...instead].toSorted((one, other) => other[1] - one[1]).slice(0, 4);
          const named = others.map(([name, count]) => `${name} ${count}`).join(', ');
          return [behaviour, marked, files.size, right + wrong, right, percent(right, right + wrong), named];
        }),
    );
    const wanted = new Set(Object.values(RIGHT).flat());
    const recall = textTable(
      ['category', 'flows', 'files', 'found', 'recall'],
      [...this.#categories]
        .filter(([category]) => wanted.has(category))
        .toSorted()
        .map(([category, { flows, found, files }]) => [category, flows, files.size, found, percent(found, flows)]),
    );
    const unread = this.#unread === 0 ? '' : `; ${this.#unread} files hold no flows that can be read alone`;
    return `${this.#flows} flows of ${this.#files} ${this.#files === 1 ? 'file' : 'files'}${unread}\n\n${precision}\n\n${recall}`;
  }
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((part / whole) * 100).toFixed(1)} %`;
}

/** Evidence files of the manifest's first column. */
function evidenceOf(folder: string): string[] {
  const lines = readFileSync(path.join(folder, 'manifest.tsv'), 'utf8').split('\n').slice(1);
  return lines.map((line) => line.split('\t')[0] ?? '').filter((file) => file !== '' && !/fuzz/.test(file));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'string' }, list: { type: 'boolean' } },
  });
  const [folder] = positionals;
  if (positionals.length > 1) {
    process.stderr.write('usage: npm run score:behaviour -- [DIR] [--write FILE] [--list]\n');
    return 1;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'enclave-behaviour-'));
  const generated = new Score();
  const collected = new Score();
  const tell = (lines: readonly string[]): void => {
    if (values.list === true) for (const line of lines) process.stdout.write(`${line}\n`);
  };
  try {
    const flowsOf = ownFlowSource(scratch);
    const { files } = await generateSample(path.join(scratch, 'sample'), { days: 21, captureDays: 21 });
    const [capture = ''] = files;
    tell(await generated.add('generated', capture, flowsOf));
    if (folder !== undefined) {
      for (const name of evidenceOf(folder)) tell(await collected.add(name, path.join(folder, name), flowsOf));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const parts = [`GENERATED TRAFFIC (the demo's world, 21 days): ${generated.toString()}`];
  if (folder !== undefined) parts.push(`COLLECTED CAPTURES AND LOGS, each a case of its own: ${collected.toString()}`);
  const text = parts.join('\n\n\n');
  process.stdout.write(`${text}\n`);
  if (values.write !== undefined) {
    const before = readFileSync(values.write, 'utf8');
    const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
    if (from < 0 || to < from) throw new Error(`${values.write} has no marks ${BEGIN} and ${END}`);
    const fenced = `${BEGIN}\n\n\`\`\`text\n${text}\n\`\`\`\n\n`;
    writeFileSync(values.write, before.slice(0, from) + fenced + before.slice(to));
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`score:behaviour: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
