import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { clockFault, FURTHER_HASHES, MAX_CLOCK_REASON } from '../../shared/custody.ts';
import type { Custody, ImportSummary, Jobs } from '../../shared/jobs.ts';
import { OVERLAY_KINDS } from '../../shared/overlay.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { isRedacted } from '../../shared/redaction.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import { exportFlows } from '../engine/audited-exports.ts';
import { enterVerification } from '../engine/enter-verification.ts';
import { importWarning } from '../engine/free-space.ts';
import { readMapping } from '../engine/mapping-file.ts';
import { bundle } from './bundle.ts';
import { carve } from './carve.ts';
import { eventFilesText } from './events-text.ts';
import { findingsText } from './findings-text.ts';
import { indicatorFilesText, notUsedText, overlaysText, relabellingText } from './labels-text.ts';
import { importExitCode, noteProblems, printImport } from './import-text.ts';
import { listOwnFindings, ownFindingVerb } from './own-finding-verb.ts';
import { readProfile } from './profile-file.ts';
import { profileVerb } from './profile-verb.ts';
import {
  auditVerb,
  caseVerb,
  FACT_OPTIONS,
  givenFacts,
  keyVerb,
  notesVerb,
  noteVerb,
  signVerb,
} from './record-verbs.ts';
import { exportVerb } from './export-verb.ts';
import { restoreVerb } from './restore-verb.ts';
import { REPORT_OPTIONS, reportSettingsOf } from './report-options.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson, type Session } from './session.ts';
import { count, note, out, safe, table } from './terminal.ts';
import { readArguments, usageError, type Verb } from './usage.ts';

/** What each verb does: arguments to jobs, responses to text. */

type Command = (args: readonly string[]) => Promise<number>;

/** Whether analyses shall leave out flows that other evidence of the case holds too; remembered by the case. */
const DUPLICATE_OPTIONS = {
  'leave-out-duplicates': { type: 'boolean', default: false },
  'keep-duplicates': { type: 'boolean', default: false },
} as const;

/** Part of a request: nothing when neither option is given, so that the case keeps what it had. */
function duplicateChoice(
  verb: Verb,
  values: Record<keyof typeof DUPLICATE_OPTIONS, boolean>,
): { leaveOutDuplicates?: boolean } {
  const { 'leave-out-duplicates': leaveOut, 'keep-duplicates': keep } = values;
  if (leaveOut && keep) throw usageError(verb, '--leave-out-duplicates and --keep-duplicates contradict each other');
  return leaveOut || keep ? { leaveOutDuplicates: leaveOut } : {};
}

const newCase: Command = (args) => {
  const { values, positionals } = readArguments(
    'new',
    args,
    {
      profile: { type: 'string', default: 'default' },
      encrypt: { type: 'boolean', default: false },
      ...FACT_OPTIONS,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const casePath = resolve(positionals[0]);
  const profile = readProfile(values.profile);
  return inSession(values.json, async (session) => {
    const facts = { title: basename(casePath, '.enclave'), ...givenFacts(values) };
    const cipher = values.encrypt ? { cipherHeader: await session.encryptNew(casePath) } : {};
    await session.run('new', { case: casePath, profile, ...cipher, ...facts });
    if (values.json) printJson({ case: casePath });
    else {
      const how = values.encrypt ? 'encrypted; who loses the passphrase loses the case; ' : '';
      out(`${safe(casePath)}: created, ${how}profile ${safe(profile.name)}\n`);
    }
    return 0;
  });
};

/** What the options of `import` ask for and state; throws what is wrong with them. */
function custodyOf(options: {
  'also-hash'?: string | undefined;
  'clock-offset'?: string | undefined;
  'clock-reason'?: string | undefined;
  mapping?: string | undefined;
}): Custody {
  const { 'also-hash': hashes, 'clock-offset': offset, 'clock-reason': reason, mapping } = options;
  const custody: Custody = {};
  if (mapping !== undefined) custody.mapping = readMapping(mapping);
  if (hashes !== undefined) {
    custody.alsoHash = hashes.split(',').map((name) => {
      const known = FURTHER_HASHES.find((hash) => hash === name.trim().toLowerCase());
      if (known === undefined) {
        throw new EnclaveError('usage', `unknown hash "${name}"`, '', `use of: ${FURTHER_HASHES.join(', ')}`, 1);
      }
      return known;
    });
  }
  if (offset === undefined && reason === undefined) return custody;
  const seconds = Number(offset ?? Number.NaN);
  const clockReason = (reason ?? '').slice(0, MAX_CLOCK_REASON);
  if (clockFault(seconds, clockReason) !== null) {
    throw new EnclaveError(
      'usage',
      'a clock offset needs a number of seconds and a reason',
      '',
      'for instance: --clock-offset=-2.5 --clock-reason "compared with NTP when the disk was taken"',
      1,
    );
  }
  return { ...custody, clockOffset: seconds, clockReason };
}

/** Imports and, unless told otherwise or nothing is there to analyse, makes the findings. */
async function importInto(
  session: Session,
  request: Jobs['import']['request'],
  analyse: boolean,
): Promise<ImportSummary> {
  const summary = analyse ? await session.importAndAnalyse(request) : await session.run('import', request);
  return { ...summary, peakRssBytes: Math.max(summary.peakRssBytes, process.resourceUsage().maxRSS * 1024) };
}

const importCommand: Command = (args) => {
  const { values, positionals } = readArguments(
    'import',
    args,
    {
      'no-analyse': { type: 'boolean', default: false },
      'also-hash': { type: 'string' },
      'clock-offset': { type: 'string' },
      'clock-reason': { type: 'string' },
      mapping: { type: 'string' },
      ...DUPLICATE_OPTIONS,
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 2, most: Infinity },
  );
  const custody = custodyOf(values);
  const duplicates = duplicateChoice('import', values);
  return inSession(values, async (session) => {
    const [casePath, ...paths] = positionals;
    const request = { case: resolve(casePath), paths, custody, ...duplicates };
    const warning = importWarning(request.case, paths);
    if (warning !== null) note(`enclave: ${warning}\n`);
    const summary = await importInto(session, request, !values['no-analyse']);
    if (values.json) printJson(summary);
    else printImport(summary);
    noteProblems(summary);
    return importExitCode(summary);
  });
};

function writeStdout(chunk: string | Uint8Array): Promise<void> {
  return new Promise((done) => process.stdout.write(chunk, () => done()));
}

const mapping: Command = (args) => {
  const { positionals } = readArguments('mapping', args, {}, { least: 1, most: 1 });
  return inSession(false, async (session) => {
    const [path] = positionals;
    const preview = await session.run('previewText', { path: resolve(path), mapping: null });
    for (const reason of preview.why) note(`${safe(reason)}\n`);
    if (preview.mapping === null) return 2;
    out(
      JSON.stringify(preview.mapping, null, 2)
        .split('\n')
        .map((line) => `${safe(line)}\n`)
        .join(''),
    );
    return 0;
  });
};

const flows: Command = (args) => {
  const { values, positionals } = readArguments(
    'flows',
    args,
    {
      where: { type: 'string', default: '' },
      limit: { type: 'string' },
      format: { type: 'string', default: 'ndjson' },
      out: { type: 'string' },
      ...EXAMINER_OPTION,
      explain: { type: 'boolean', default: false },
    },
    { least: 1, most: 1 },
  );
  if (values.limit !== undefined && !/^\d{1,15}$/.test(values.limit)) {
    throw usageError('flows', `--limit "${values.limit}" is not a number`);
  }
  if (values.format === 'parquet' && values.out === undefined && process.stdout.isTTY) {
    throw usageError('flows', 'parquet is not for a terminal; give --out FILE');
  }
  return inSession(values, async (session) => {
    const request = {
      case: resolve(positionals[0]),
      where: values.where,
      limit: values.limit === undefined ? null : Number(values.limit),
      format: values.format,
      out: values.out === undefined ? null : resolve(values.out),
      explain: values.explain,
    };
    const { out: path } = request;
    if (path === null) await session.run('flows', request, writeStdout);
    else out(`${safe(path)}: ${count((await exportFlows(session, { ...request, out: path })).flows)} flows\n`);
    return 0;
  });
};

const summary: Command = (args) => {
  const { values, positionals } = readArguments(
    'summary',
    args,
    {
      by: { type: 'string' },
      metric: { type: 'string', default: 'flows' },
      where: { type: 'string', default: '' },
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  if (values.by === undefined) throw usageError('summary', '--by is missing');
  const by = values.by.split(',').map((name) => name.trim());
  const { metric } = values;
  return inSession(values.json, async (session) => {
    const { rows } = await session.run('summary', { case: resolve(positionals[0]), by, metric, where: values.where });
    if (values.json) printJson(rows);
    else {
      const cells = rows.map((row) => [
        ...by.map((name) => String(row[name] ?? '–')),
        Number(row.value).toLocaleString('en-GB', { maximumFractionDigits: 0 }) +
          (row.scaled === true ? ' (scaled)' : ''),
        row.share === null ? '–' : `${(Number(row.share) * 100).toFixed(1)} %`,
        count(Number(row.flows)),
      ]);
      out(
        table([...by, metric, 'share', metric === 'flows' ? 'records' : 'flows'], cells, [
          by.length,
          by.length + 1,
          by.length + 2,
        ]),
      );
    }
    return 0;
  });
};

const analyse: Command = (args) => {
  const { values, positionals } = readArguments(
    'analyse',
    args,
    { ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  return inSession(values, async (session) => {
    const made = await session.analyse(resolve(positionals[0]));
    if (values.json) printJson(made);
    else out(findingsText(made));
    return 0;
  });
};

const findings: Command = (args) => {
  const { values, positionals } = readArguments(
    'findings',
    args,
    { own: { type: 'boolean', default: false }, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  return inSession(values.json, async (session) => {
    if (values.own) {
      await listOwnFindings(session, resolve(positionals[0]), values.json);
      return 0;
    }
    const stored = await session.run('findings', { case: resolve(positionals[0]) });
    if (values.json) printJson(stored);
    else if (stored.length === 0) out('the case holds no findings; make them with: enclave analyse CASE\n');
    else out(findingsText(stored));
    return 0;
  });
};

const reclassify: Command = (args) => {
  const { values, positionals } = readArguments(
    'reclassify',
    args,
    { ...DUPLICATE_OPTIONS, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const duplicates = duplicateChoice('reclassify', values);
  return inSession(values, async (session) => {
    const result = await session.run('reclassify', { case: resolve(positionals[0]), ...duplicates });
    await session.analyse(resolve(positionals[0]));
    if (values.json) printJson(result);
    else out(relabellingText(result));
    return 0;
  });
};

const overlay: Command = (args) => {
  const { values, positionals } = readArguments(
    'overlay',
    args,
    {
      kind: { type: 'string' },
      date: { type: 'string' },
      remove: { type: 'string' },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 2 },
  );
  const [casePath, path] = positionals;
  const { kind = null, date = null, remove } = values;
  const known = OVERLAY_KINDS.find((each) => each === kind) ?? null;
  if (kind !== null && known === null) throw usageError('overlay', `unknown kind "${kind}"`);
  if (date !== null && (!/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)))) {
    throw usageError('overlay', `--date "${date}" is not a date (YYYY-MM-DD)`);
  }
  if (path !== undefined && remove !== undefined) throw usageError('overlay', 'a file and --remove exclude each other');
  return inSession(values, async (session) => {
    const request = { case: resolve(casePath) };
    if (remove !== undefined) {
      const relabelling = await session.run('removeOverlay', { ...request, id: remove });
      await session.analyse(request.case);
      if (values.json) printJson(relabelling);
      else out(`${safe(remove)}: removed\n${relabellingText(relabelling)}`);
    } else if (path === undefined) {
      const overlays = await session.run('overlays', request);
      if (values.json) printJson(overlays);
      else out(overlaysText(overlays));
    } else {
      const result = await session.run('addOverlay', { ...request, path: resolve(path), kind: known, date });
      if (result.relabelling !== null) await session.analyse(request.case);
      if (values.json) printJson(result);
      else if (result.relabelling === null) out(`${safe(result.overlay.name)}: in the case already\n`);
      else out(`${overlaysText([result.overlay])}\n${relabellingText(result.relabelling)}`);
      note(notUsedText(result.overlay.notUsed));
    }
    return 0;
  });
};

const events: Command = (args) => {
  const { values, positionals } = readArguments(
    'events',
    args,
    { remove: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 2 },
  );
  const [casePath, path] = positionals;
  const { remove } = values;
  if (path !== undefined && remove !== undefined) throw usageError('events', 'a file and --remove exclude each other');
  return inSession(values, async (session) => {
    const request = { case: resolve(casePath) };
    if (remove !== undefined) {
      await session.run('removeEvents', { ...request, id: remove });
      await session.analyse(request.case);
      if (values.json) printJson({ removed: remove });
      else out(`${safe(remove)}: removed\n`);
    } else if (path === undefined) {
      const files = await session.run('eventFiles', request);
      if (values.json) printJson(files);
      else out(eventFilesText(files));
    } else {
      const { file, added } = await session.run('addEvents', { ...request, path: resolve(path) });
      if (added) await session.analyse(request.case);
      if (values.json) printJson({ file, added });
      else out(added ? eventFilesText([file]) : `${safe(file.name)}: in the case already\n`);
      note(notUsedText(file.notUsed));
    }
    return 0;
  });
};

const indicators: Command = (args) => {
  const { values, positionals } = readArguments(
    'indicators',
    args,
    { remove: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 2 },
  );
  const [casePath, path] = positionals;
  const { remove } = values;
  if (path !== undefined && remove !== undefined) {
    throw usageError('indicators', 'a file and --remove exclude each other');
  }
  return inSession(values, async (session) => {
    const request = { case: resolve(casePath) };
    if (remove !== undefined) {
      await session.run('removeIndicators', { ...request, id: remove });
      if (values.json) printJson({ removed: remove });
      else out(`${safe(remove)}: removed\n`);
    } else if (path === undefined) {
      const files = await session.run('indicatorFiles', request);
      if (values.json) printJson(files);
      else out(indicatorFilesText(files));
    } else {
      const { file, added } = await session.run('addIndicators', { ...request, path: resolve(path) });
      const listed = { ...request, where: 'indicator = yes' };
      const { flows: met } = await session.run('totals', listed);
      if (values.json) printJson({ file, added, flows: met });
      else {
        out(added ? indicatorFilesText([file]) : `${safe(file.name)}: in the case already\n`);
        out(
          `${count(met)} flows of the case meet an indicator of its files: enclave flows CASE --where "indicator = yes"\n`,
        );
      }
      note(notUsedText(file.notUsed));
    }
    return 0;
  });
};

/** Writes the report and enters it, with its hash, into the audit chain. */
async function writeReport(
  session: Session,
  casePath: string,
  path: string,
  settings: ReportSettings = {},
): Promise<string> {
  session.display.say('Printing the report');
  if (isRedacted(settings)) await session.run('makeRedactionKey', { case: casePath });
  const { sha256 } = await session.run('report', { case: casePath, out: path, settings });
  const detail = { file: basename(path), sha256, ...settings };
  await session.run('audit', { case: casePath, action: 'report', detail });
  return sha256;
}

const report: Command = (args) => {
  const { values, positionals } = readArguments(
    'report',
    args,
    {
      ...EXAMINER_OPTION,
      ...REPORT_OPTIONS,
      out: { type: 'string' },
    },
    { least: 1, most: 1 },
  );
  if (values.out === undefined || !/\.(html|pdf)$/.test(values.out)) {
    throw usageError('report', '--out FILE.html or FILE.pdf is missing');
  }
  const path = resolve(values.out);
  const settings = reportSettingsOf('report', values);
  return inSession(values, async (session) => {
    out(`${safe(path)}: SHA-256 ${await writeReport(session, resolve(positionals[0]), path, settings)}\n`);
    return 0;
  });
};

const verify: Command = (args) => {
  const { values, positionals } = readArguments(
    'verify',
    args,
    { evidence: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  return inSession(values, async (session) => {
    const evidenceDirectory = values.evidence === undefined ? null : resolve(values.evidence);
    if (evidenceDirectory !== null && !existsSync(evidenceDirectory)) {
      throw new EnclaveError(
        'no-evidence',
        'there is no such folder',
        evidenceDirectory,
        'name the folder of the evidence',
      );
    }
    const result = await session.run('verify', { case: resolve(positionals[0]), evidenceDirectory });
    const notEntered = await enterVerification((entry) => session.run('audit', entry), result.case, result);
    if (notEntered !== null) note(`${safe(notEntered)}\n`);
    if (values.json) printJson(result);
    else {
      const words = { holds: 'holds', fails: 'FAILS', 'not-checked': 'not checked' } as const;
      out(
        table(
          ['Check', 'Result', 'Detail'],
          result.checks.map((each) => [each.check, words[each.result], each.detail]),
        ),
      );
      out(result.holds ? '\nNo mismatch was found.\n' : '\nA mismatch was found.\n');
    }
    return result.holds ? 0 : 4;
  });
};

const demo: Command = (args) => {
  const { values } = readArguments(
    'demo',
    args,
    { out: { type: 'string', default: 'enclave-demo' } },
    { least: 0, most: 0 },
  );
  const directory = resolve(values.out);
  const casePath = join(directory, 'case.enclave');
  const evidence = join(directory, 'evidence');
  return inSession(false, async (session) => {
    mkdirSync(directory, { recursive: true });
    // A demo made before is made anew; nothing else in the folder is touched.
    for (const rest of ['', '-wal', '-shm', '.backups']) rmSync(casePath + rest, { recursive: true, force: true });
    session.display.say('Making sample evidence');
    await session.run('sample', { directory: evidence });
    await session.run('new', {
      case: casePath,
      profile: readProfile('dprk-2017'),
      title: 'Sample: synthetic traffic of a small closed network',
      examiner: '',
      authority: '',
    });
    const imported = await importInto(session, { case: casePath, paths: [evidence] }, true);
    printImport(imported);
    noteProblems(imported);
    out(`\n${findingsText(await session.run('findings', { case: casePath }))}\n`);
    const html = join(directory, 'report.html');
    await writeReport(session, casePath, html);
    out(
      `The evidence is synthetic: made by Enclave, no real traffic.\n\nCase    ${safe(casePath)}\nReport  ${safe(html)}\n`,
    );
    const pdf = join(directory, 'report.pdf');
    try {
      await writeReport(session, casePath, pdf);
      out(`PDF     ${safe(pdf)}\n`);
    } catch (error) {
      if (!(error instanceof EnclaveError) || error.code !== 'no-chromium') throw error;
      note(`no report.pdf: ${error.message}; ${error.remedy}\n`);
    }
    return importExitCode(imported);
  });
};

export const COMMANDS: Readonly<Record<Verb, Command>> = {
  new: newCase,
  import: importCommand,
  mapping,
  flows,
  summary,
  analyse,
  findings,
  finding: ownFindingVerb,
  report,
  carve,
  bundle,
  restore: restoreVerb,
  verify,
  reclassify,
  profile: profileVerb,
  overlay,
  events,
  indicators,
  case: caseVerb,
  note: noteVerb,
  notes: notesVerb,
  audit: auditVerb,
  export: exportVerb,
  key: keyVerb,
  sign: signVerb,
  demo,
};
