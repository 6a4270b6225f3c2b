import { parseArgs, type ParseArgsConfig } from 'node:util';
import { EnclaveError } from '../../shared/problem.ts';

/** The verbs with their usage, and the reading of their arguments. */

export const USAGE = {
  new: 'enclave new CASE [--profile FILE|NAME] [--encrypt] [--title TEXT] [--number TEXT] [--requester TEXT] [--authority TEXT] [--scope TEXT] [--questions TEXT] [--examiner NAME] [--organisation TEXT] [--banner TEXT]',
  case: 'enclave case CASE [--set FIELD=VALUE]... [--json]',
  import:
    'enclave import CASE PATH... [--mapping FILE] [--also-hash sha1,md5] [--clock-offset SECONDS --clock-reason TEXT] [--leave-out-duplicates|--keep-duplicates] [--no-analyse] [--json]',
  mapping: 'enclave mapping FILE',
  flows: 'enclave flows CASE [--where FILTER] [--limit N] [--format ndjson|csv|parquet] [--explain] [--out FILE]',
  summary:
    'enclave summary CASE --by DIMENSION[,DIMENSION] [--metric flows|bytes|packets|host-hours] [--where FILTER] [--json]',
  analyse: 'enclave analyse CASE [--json]',
  findings: 'enclave findings CASE [--own] [--json]',
  finding:
    'enclave finding CASE (--title TEXT --statement TEXT --where FILTER... | --edit ID [--title TEXT] [--statement TEXT] [--where FILTER]...) [--in-report|--not-in-report] [--json], or enclave finding CASE --remove ID',
  report:
    'enclave report CASE --out FILE.html|FILE.pdf [--brief] [--chapters ID,...] [--hosts ADDRESS,...] [--paper A4|Letter] [--redact none|addresses|names|full] [--leave-out-host ADDRESS,...] [--leave-out-finding ID,...]',
  carve: 'enclave carve CASE --where FILTER --out FILE.pcap|FILE.pcapng [--evidence DIRECTORY] [--json]',
  bundle:
    'enclave bundle CASE --out DIRECTORY|FILE.tar [--with-evidence none|all|ID,...] [--evidence DIRECTORY] [--report] [--json]',
  restore: 'enclave restore CASE [--from BACKUP] [--json]',
  verify: 'enclave verify CASE|BUNDLE [--evidence DIRECTORY] [--json]',
  reclassify: 'enclave reclassify CASE [--leave-out-duplicates|--keep-duplicates] [--json]',
  profile: 'enclave profile CASE [--set FILE|NAME] [--json]',
  overlay:
    'enclave overlay CASE [FILE [--kind services|list|geo|networks|geo+networks] [--date YYYY-MM-DD]] [--remove ID] [--json]',
  events: 'enclave events CASE [FILE.csv] [--remove ID] [--json]',
  indicators: 'enclave indicators CASE [FILE] [--remove ID] [--json]',
  note: 'enclave note CASE (--on TARGET [--decide accept|reject|comment] | --edit ID) [--text TEXT] [--tag A,B] [--in-report|--not-in-report] [--json]',
  notes: 'enclave notes CASE [--on TARGET] [--search TEXT] [--remove ID] [--json]',
  audit: 'enclave audit CASE [--format csv|ndjson] [--out FILE] [--json]',
  export:
    'enclave export CASE --out FILE (--what findings|own-findings|hosts|evidence|notes --format csv|ndjson|parquet | --format stix|case|markdown) [--json]',
  key: 'enclave key new|show FILE [--json]',
  sign: 'enclave sign CASE --key FILE [--json]',
  demo: 'enclave demo [--out DIRECTORY]',
} as const;

export type Verb = keyof typeof USAGE;

const PURPOSE: Readonly<Record<Verb, string>> = {
  new: 'create a case; profiles that come with Enclave: default, dprk-2017',
  case: 'print the facts of the case, or state them anew: number, title, requester, authority, scope, questions, examiner, organisation, banner',
  import: 'add captures and flow exports (files and folders), label and analyse',
  mapping:
    'propose what the columns of a text export or a Parquet file mean, as JSON to be corrected and given to import',
  flows: 'print flows, one a line; with --explain, why each bears its labels',
  summary: 'totals by category, service, protocol, country, asn, host, range, hour, weekday, day, evidence, direction',
  analyse: 'make the findings anew',
  findings: 'print the findings; with --own, those that examiners stated themselves',
  finding:
    'state a finding of your own, resting on the flows of one or several filters, which Enclave counts; change it (filters are counted anew) or remove it',
  report: 'write the case report; redacted, hosts, addresses, names and what people wrote are hidden in it',
  carve: 'write the packets of the matching flows, out of the original captures, whose hashes are checked',
  bundle: 'seal the case for others: a folder or one .tar with case, evidence or its hashes, report and hashes of all',
  restore:
    'bring a damaged or lost case back from a backup (a name, or latest): all but its flows, which come again by importing; without --from, list the backups',
  verify: 'check evidence, audit chain, flows, labels, settings and findings; of a sealed bundle every file first',
  reclassify: 'label every flow anew with the current catalogue and tables, and tell what changed',
  profile:
    'print the profile of a case as JSON, or put another in its place, label and analyse anew, and tell what changed',
  overlay: 'lay own services, lists or address tables over the shipped ones and label anew; without FILE, list them',
  events:
    'add dated events (time,label,kind,source) that activity is compared with and analyse anew; without FILE, list them',
  indicators: 'add indicators (STIX, MISP, list) that flows are compared with; without FILE, list them',
  note: 'note something on case, evidence:ID, flow:ID, host:ADDRESS, finding:ID, service:ID, country:XX, time:FROM/TO or filter:EXPR; decide on a finding',
  notes: 'print notes and decisions, or remove one',
  audit: 'print or export the audit chain',
  export:
    'write a table of the case as rows, or all of it as a STIX 2.1 bundle, a CASE graph or Markdown; flows and audit have verbs of their own',
  key: 'make a key for signatures, or show its public half and fingerprint',
  sign: 'sign the head of the audit chain',
  demo: 'make sample evidence and a finished case report from it',
};

export function helpText(): string {
  const lines = (Object.keys(USAGE) as Verb[]).flatMap((verb) => [`  ${USAGE[verb]}`, `      ${PURPOSE[verb]}`]);
  return `Enclave: offline forensic workbench for network traffic\n\n${lines.join('\n')}\n
Verbs that change a case take --examiner NAME: who does it, from then on.
A case made with --encrypt asks for its passphrase; or give it by --passphrase-file FILE or in ENCLAVE_PASSPHRASE.

Exit codes: 0 done; 1 wrong use; 2 the case or an input cannot be used; 3 done, but some evidence was rejected or only
partly readable; 4 verify found a mismatch; 130 cancelled.\n`;
}

export function usageError(verb: Verb | null, fault: string): EnclaveError {
  return new EnclaveError('usage', fault, '', verb === null ? 'see: enclave --help' : `usage: ${USAGE[verb]}`, 1);
}

/** Joins options and the negative numbers behind them, which would be taken for options of their own. */
function withNegatives(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const option = joined.at(-1) ?? '';
    const name = option.startsWith('--') ? option.slice(2) : '';
    const takesNumber = /^-\d/.test(arg) && Object.hasOwn(options, name) && options[name]?.type === 'string';
    if (takesNumber) joined[joined.length - 1] = `${option}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** Reads a verb's options and positionals; throws a usage error with the fault. */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(
  verb: Verb,
  args: readonly string[],
  options: Options,
  positionals: { least: number; most: number },
) {
  try {
    const parsed = parseArgs({ args: withNegatives(args, options), options, allowPositionals: true, strict: true });
    const given = parsed.positionals.length;
    if (given < positionals.least) throw new TypeError(given === 0 ? 'a case is missing' : 'an argument is missing');
    if (given > positionals.most) throw new TypeError(`unexpected argument "${parsed.positionals[positionals.most]}"`);
    return parsed;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usageError(verb, message.split(/\.(?: |\n|$)/)[0]);
  }
}
