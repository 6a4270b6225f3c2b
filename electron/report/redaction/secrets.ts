import { basename, extname } from 'node:path';
import { parseAddress } from '../../../shared/address.ts';
import { CASE_FACTS, type FactName } from '../../../shared/case-record.ts';
import { FINDING_KINDS } from '../../../shared/finding.ts';
import type { FlowColumn } from '../../../shared/flow.ts';
import { REPORT_CHAPTERS } from '../../../shared/report-settings.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import { CATEGORIES, PROTOCOLS } from '../../../shared/vocabulary.ts';
import type { CaseReader } from '../../casefile/case-reader.ts';
import { ALTERNATIVES } from '../alternatives.ts';
import { GLOSSARY } from '../glossary.ts';
import type { KnownText } from './exact-text.ts';
import { letters } from './host-aliases.ts';
import { isTopLevel } from './registrable-domain.ts';

/** What people and programs wrote into a case: texts that a report without names leaves out or gives a number. */

export const LEFT_OUT = 'left out';
/** Shorter texts are part of too many words to be looked for. */
export const SHORTEST_SOUGHT = 4;

const EXTENSIONS = new Set(
  'pcap cap pcapng ntar snoop dmp gz bz2 xz zst lz4 zip tar tgz log csv tsv txt json ndjson jsonl nfcapd parquet ipfix netflow nf5 nf9 sflow argus arg'.split(
    ' ',
  ),
);

/** Words of the report's own sentences that nothing below holds, and of which people make titles. */
const COMMON =
  'analysis case demo enclave evidence example exercise investigation page report sample summary test training untitled';

/** Words of Enclave itself, in lower case: their presence in a report tells nothing. */
function ownWords(reader: CaseReader): Set<string> {
  const texts = [
    COMMON,
    ...new Set(reader.findings().flatMap(({ method, population, unit }) => [method.name, population, unit])),
    ...GLOSSARY.flat(),
    ...Object.values(ALTERNATIVES),
    ...Object.entries(REPORT_CHAPTERS).flat(),
    ...Object.entries(FINDING_KINDS).flat(),
    ...Object.entries(CATEGORIES).flat(),
    ...Object.keys(PROTOCOLS),
    ...Object.values(CASE_FACTS),
  ];
  return new Set(
    texts
      .join(' ')
      .toLowerCase()
      .split(/[^\p{L}\p{N}-]+/u),
  );
}

/** A word as it stands in any sentence, such as a profile named `default`. */
function isPlainWord(text: string): boolean {
  return /^\p{Ll}+$/u.test(text);
}

/** A label is a word of the vocabulary: it says what everybody's report says. */
export function isVocabulary(label: string): boolean {
  return Object.hasOwn(CATEGORIES, label) || Object.hasOwn(PROTOCOLS, label) || Object.hasOwn(FINDING_KINDS, label);
}

/** `evidence-3.pcap.gz`: the number of a file, and its extension where that is a format's. */
function evidenceAlias(path: string, index: number): string {
  let rest = basename(path).toLowerCase();
  let extension = '';
  for (let part = extname(rest); part !== '' && EXTENSIONS.has(part.slice(1)); part = extname(rest)) {
    extension = part + extension;
    rest = rest.slice(0, -part.length);
  }
  return `evidence-${index + 1}${extension}`;
}

export interface Secrets {
  /** Labels of profile and events, by their alias. */
  readonly labels: ReadonlyMap<string, string>;
  /** Labels that are plain words of Enclave: replaced only in findings that are about them. */
  readonly plainLabels: ReadonlySet<string>;
  /** What is replaced wherever a text holds it. */
  readonly replaced: readonly KnownText[];
  /** What must not stand in the finished report. */
  readonly sought: readonly KnownText[];
  /** What must not stand there on its own: plain words, which sentences of Enclave may hold. */
  readonly alone: readonly KnownText[];
  /** Evidence paths by what is printed for them. */
  readonly paths: ReadonlyMap<string, string>;
  /** Names that end in no public top level (`printer.corp`), in lower case. */
  readonly privateNames: ReadonlySet<string>;
  /** People by what is printed for them. */
  readonly people: ReadonlyMap<string, string>;
}

/** Texts of a flow column over the whole case. */
function* columnTexts(reader: CaseReader, columns: readonly FlowColumn[]): Generator<string> {
  for (const segment of reader.segments()) {
    for (const column of columns) yield* reader.dictionary(segment, column);
  }
}

/** The form of a text as it is and as it is made visible. */
function forms(value: string): Set<string> {
  return new Set([value, visibleText(value)]);
}

export function secretsOf(reader: CaseReader): Secrets {
  const own = ownWords(reader);
  const isOwnWord = (text: string): boolean => own.has(text.toLowerCase());
  const { profile } = reader;
  const labels = new Map<string, string>();
  const plainLabels = new Set<string>();
  const label = (text: string, alias: string): void => {
    if (isVocabulary(text) || labels.has(text)) return;
    labels.set(text, alias);
    if (isOwnWord(text)) plainLabels.add(text);
  };
  [...new Set(profile.ranges.map((range) => range.label))].forEach((text, i) => label(text, letters(i)));
  Object.keys(profile.groups).forEach((text, i) => label(text, `group-${i + 1}`));
  Object.keys(profile.watchLists).forEach((text, i) => label(text, `list-${i + 1}`));
  const events = reader.events();
  [...new Set(events.map(({ kind }) => kind))].forEach((text, i) => label(text, `event-kind-${i + 1}`));
  profile.claims.forEach(({ id }, i) => {
    if (!/^[A-Z]{0,2}\d{1,4}$/.test(id)) label(id, `C${i + 1}`);
  });

  const paths = new Map<string, string>();
  reader.evidence().forEach(({ path }, i) => paths.set(path, evidenceAlias(path, i)));
  const people = new Map<string, string>();
  const record = reader.record();
  for (const name of [record.facts.examiner, ...reader.audit().map(({ actor }) => actor), ...record.examiners]) {
    if (name !== '' && name !== 'not supplied' && !people.has(name)) people.set(name, `examiner ${people.size + 1}`);
  }

  const replaced: KnownText[] = [];
  const sought: KnownText[] = [];
  const alone: KnownText[] = [];
  const add = (value: string, replacement: string, kind: string): void => {
    for (const form of forms(value.trim())) {
      if (form.length < SHORTEST_SOUGHT || isOwnWord(form) || form === replacement) continue;
      const known = { value: form, replacement, kind };
      if (isPlainWord(form)) alone.push(known);
      else {
        replaced.push(known);
        sought.push(known);
      }
    }
  };
  for (const [name, value] of Object.entries(record.facts) as [FactName, string][]) {
    // A classification banner must stay on whatever is handed on.
    if (name !== 'banner') add(value, `(${LEFT_OUT})`, `the fact “${CASE_FACTS[name]}”`);
  }
  for (const [name, alias] of people) add(name, alias, 'the name of an examiner');
  add(profile.name, `(${LEFT_OUT})`, 'the name of the profile');
  for (const { text, source } of profile.claims) {
    add(text, `(claim ${LEFT_OUT})`, 'the text of a claim');
    add(source, `(${LEFT_OUT})`, 'the source of a claim');
  }
  for (const event of events) {
    add(event.label, `event ${LEFT_OUT}`, 'the label of an event');
    add(event.source, `(${LEFT_OUT})`, 'the source of an event');
  }
  for (const range of profile.ranges) {
    add(range.note ?? '', `(${LEFT_OUT})`, 'a note of the profile');
    add(range.source ?? '', `(${LEFT_OUT})`, 'a source of the profile');
  }
  for (const { why } of profile.excluded) add(why, `(${LEFT_OUT})`, 'a note of the profile');
  for (const { path, custody } of reader.evidence()) {
    const alias = paths.get(path) ?? LEFT_OUT;
    add(path, alias, 'the path of evidence');
    add(basename(path), alias, 'the name of an evidence file');
    add(custody.clockReason, `(${LEFT_OUT})`, 'the reason for a clock offset');
  }
  add(reader.path, 'case.enclave', 'the path of the case');
  add(basename(reader.path), 'case.enclave', 'the name of the case file');
  for (const { name } of [...reader.overlays(), ...reader.indicatorFiles(), ...reader.eventFiles()]) {
    add(name, `(${LEFT_OUT})`, 'the name of a file that was added');
  }
  for (const { label: text } of reader.indicators()) add(text, `(${LEFT_OUT})`, 'the label of an indicator');
  for (const { title, statement } of reader.ownFindings()) {
    for (const text of [title, statement]) add(text, `(${LEFT_OUT})`, 'a finding of the examiner’s own');
  }
  for (const { text, tags } of reader.notes()) {
    add(text, `(${LEFT_OUT})`, 'a note');
    for (const tag of tags) add(tag, `(${LEFT_OUT})`, 'a tag');
  }
  for (const [text, alias] of labels) {
    if (plainLabels.has(text)) continue;
    for (const form of forms(text)) {
      if (form.length > 1) replaced.push({ value: form, replacement: alias, kind: 'a label of the profile' });
      if (form.length >= SHORTEST_SOUGHT) {
        (isPlainWord(form) ? alone : sought).push({ value: form, replacement: alias, kind: 'a label of the profile' });
      }
    }
  }

  for (const [kind, columns] of [
    ['a user agent', ['userAgent', 'linkedUserAgent']],
    ['a field that a proxy added', ['via', 'forwardedFor']],
    ['a field of an export', ['enterpriseFields']],
  ] as const) {
    for (const text of new Set(columnTexts(reader, columns))) {
      // A user agent of one plain word cannot be told from the program's or firm's name.
      if (text.length < 8 || !/[/\d(]/.test(text)) continue;
      for (const form of forms(text.slice(0, 100))) sought.push({ value: form, replacement: LEFT_OUT, kind });
    }
  }
  const privateNames = new Set<string>();
  for (const name of new Set(columnTexts(reader, ['name', 'match', 'linkedName']))) {
    const lower = name.toLowerCase().replace(/\.$/, '');
    if (lower.includes('.') && parseAddress(lower) === null && !isTopLevel(lower.slice(lower.lastIndexOf('.') + 1)))
      privateNames.add(lower);
  }
  return { labels, plainLabels, replaced, sought, alone, paths, privateNames, people };
}
