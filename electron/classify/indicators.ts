import { z } from 'zod';
import type { Indicator, IndicatorFormat, IndicatorKind } from '../../shared/indicator.ts';
import { EnclaveError, type Problem, ProblemCounter } from '../../shared/problem.ts';
import { columnsOf, delimitedLines, textFault } from '../reference/delimited-lines.ts';
import { blockText, hostNameOf, listedBlock, refanged, urlHost } from './listed-name.ts';
import { comparisonsOf } from './indicators-stix.ts';

/**
 * Indicators out of files of unknown origin: STIX 2.0 and 2.1 bundles, MISP events, lists of text. Only what a flow can meet is taken:
 * addresses, blocks, host names, hosts of URLs, JA3 and JA4 of clients; all else is counted by kind with the first place
 * (line, or number of the object or attribute).
 */

/** Bytes of a file, and indicators of it, at most. */
export const LARGEST_INDICATOR_FILE = 64 * 1024 * 1024;
export const MOST_INDICATORS = 500_000;
const LONGEST_LABEL = 200;

export interface ReadIndicators {
  readonly format: IndicatorFormat;
  readonly indicators: readonly Indicator[];
  readonly notUsed: readonly Problem[];
}

/** Reads a file of indicators. Throws an EnclaveError when nothing of it can be used. @param name of the file, for its messages */
export function readIndicators(file: Buffer, name: string): ReadIndicators {
  if (file.length > LARGEST_INDICATOR_FILE) {
    throw unusable(`the file is larger than ${LARGEST_INDICATOR_FILE} bytes`, name);
  }
  const fault = textFault(file);
  if (fault !== null) throw unusable(fault, name);
  const text = file.toString('utf8').replace(/^\ufeff/, '');
  const collector = new IndicatorCollector();
  const format = /^\s*[[{]/.test(text) ? readJson(text, name, collector) : readList(text, collector);
  if (collector.indicators.length === 0) {
    const first = collector.problems.list()[0];
    const why = first === undefined ? 'it holds none' : `${first.message}, first at ${first.firstOffset}`;
    throw unusable(`no indicator of the file can be used: ${why}`, name);
  }
  return { format, indicators: collector.indicators, notUsed: collector.problems.list() };
}

function unusable(what: string, name: string): EnclaveError {
  return new EnclaveError('indicators-unusable', what, name, 'see docs/labels.md for what a file may hold');
}

interface Circumstances {
  readonly label: string;
  readonly validFrom: number | null;
  readonly validUntil: number | null;
}

class IndicatorCollector {
  readonly indicators: Indicator[] = [];
  readonly problems = new ProblemCounter();
  readonly #taken = new Set<string>();

  add(kind: IndicatorKind, value: string, circumstances: Circumstances, place: number): void {
    const label = circumstances.label.trim().slice(0, LONGEST_LABEL);
    const key = `${kind} ${value} ${label}`;
    if (this.#taken.has(key)) this.problems.add('stands-twice', place, 'the indicator stands twice');
    else if (this.indicators.length >= MOST_INDICATORS) {
      this.problems.add('too-many', place, `more than ${MOST_INDICATORS} indicators`);
    } else {
      this.#taken.add(key);
      this.indicators.push({ ...circumstances, kind, value, label });
    }
  }

  address(text: string, circumstances: Circumstances, place: number): void {
    const block = listedBlock(text);
    if (block === 'too-broad') this.problems.add('too-broad', place, 'the block is wider than /8 (IPv6: /16)');
    else if (block === null) this.problems.add('bad-address', place, 'not an address or CIDR block');
    else this.add('address', blockText(block), circumstances, place);
  }

  host(kind: 'domain' | 'host' | 'url-host', text: string, circumstances: Circumstances, place: number): void {
    const name = hostNameOf(text);
    if (name !== null) this.add(kind, name, circumstances, place);
    else if (kind !== 'domain' && listedBlock(text) !== null) this.address(text, circumstances, place);
    else this.problems.add('bad-name', place, 'not a host name of two labels or more');
  }

  url(text: string, circumstances: Circumstances, place: number): void {
    const host = urlHost(refanged(text));
    if (host === null) this.problems.add('bad-url', place, 'the URL has no host');
    else this.host('url-host', host, circumstances, place);
  }

  fingerprint(kind: 'ja3' | 'ja4', text: string, circumstances: Circumstances, place: number): void {
    const value = text.trim().toLowerCase();
    if ((kind === 'ja3' ? JA3 : JA4).test(value)) this.add(kind, value, circumstances, place);
    else this.problems.add(`bad-${kind}`, place, `not a ${kind.toUpperCase()} fingerprint`);
  }
}

const JA3 = /^[0-9a-f]{32}$/;
const JA4 = /^[tqd][0-9s][0-9][di]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;

// JSON: STIX and MISP

const stixIndicator = z.object({
  type: z.literal('indicator'),
  id: z.string().default(''),
  name: z.string().default(''),
  pattern: z.string(),
  pattern_type: z.string().default('stix'),
  valid_from: z.string().optional(),
  valid_until: z.string().optional(),
  revoked: z.boolean().default(false),
});

function readJson(text: string, name: string, collector: IndicatorCollector): IndicatorFormat {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(`it is not JSON (${error instanceof Error ? error.message : String(error)})`, name);
  }
  const objects = stixObjects(value);
  if (objects !== null) {
    for (const [index, object] of objects.entries()) addStix(object, index + 1, collector);
    return 'stix';
  }
  const events = mispEvents(value);
  if (events === null) throw unusable('the JSON is neither a STIX bundle nor MISP events', name);
  let place = 0;
  for (const event of events) {
    const info = textField(event, 'info');
    for (const attribute of attributesOf(event)) addMisp(attribute, info, ++place, collector);
  }
  return 'misp';
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function textField(value: unknown, key: string): string {
  const found = field(value, key);
  return typeof found === 'string' ? found : '';
}

function listField(value: unknown, key: string): readonly unknown[] {
  const found = field(value, key);
  return Array.isArray(found) ? found : [];
}

function stixObjects(value: unknown): readonly unknown[] | null {
  if (field(value, 'type') === 'bundle' && Array.isArray(field(value, 'objects'))) return listField(value, 'objects');
  if (field(value, 'type') === 'indicator') return [value];
  // What a TAXII 2.1 server answers holds objects without being a bundle.
  const objects = listField(value, 'objects');
  if (objects.some((each) => field(each, 'type') === 'indicator')) return objects;
  return Array.isArray(value) && value.some((each) => field(each, 'type') === 'indicator') ? value : null;
}

/** STIX Version 2.1 (OASIS), 4.7: indicator objects. */
function addStix(object: unknown, place: number, collector: IndicatorCollector): void {
  const { problems } = collector;
  const type = textField(object, 'type');
  if (type !== 'indicator') {
    problems.add('other-object', place, 'the object is no indicator (only indicators say what to look for)');
    return;
  }
  const parsed = stixIndicator.safeParse(object);
  if (!parsed.success) {
    problems.add('bad-indicator', place, 'the indicator lacks a pattern, or has fields of wrong types');
    return;
  }
  const { id, name, pattern, pattern_type: language, revoked, valid_from: from, valid_until: until } = parsed.data;
  if (language !== 'stix') {
    problems.add('other-language', place, 'the pattern is in another language than STIX (YARA, Sigma, …)');
  } else if (revoked) problems.add('revoked', place, 'the indicator was revoked by its maker');
  else {
    const validFrom = from === undefined ? null : microseconds(from);
    const validUntil = until === undefined ? null : microseconds(until);
    if (Number.isNaN(validFrom) || Number.isNaN(validUntil)) {
      problems.add('bad-validity', place, 'a time of the validity is not ISO 8601');
      return;
    }
    const circumstances: Circumstances = { label: name === '' ? id : name, validFrom, validUntil };
    const read = comparisonsOf(pattern);
    if ('fault' in read) {
      problems.add(read.fault, place, STIX_FAULTS[read.fault]);
      return;
    }
    for (const { path, value } of read.comparisons) addComparison(path, value, circumstances, place, collector);
  }
}

const STIX_FAULTS = {
  'bad-pattern': 'the pattern cannot be read',
  'combined-pattern':
    'the pattern asks for several things at once (AND, FOLLOWEDBY, NOT, times): one of them alone says less',
} as const;

function microseconds(text: string): number {
  return /^\d{4}-\d\d-\d\dT[\d:.]{5,20}(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) * 1000 : Number.NaN;
}

function addComparison(
  path: string,
  value: string,
  circumstances: Circumstances,
  place: number,
  collector: IndicatorCollector,
): void {
  const lower = path.toLowerCase().replaceAll(/['"]/g, '');
  if (/^(?:ipv4|ipv6)-addr:value$/.test(lower)) collector.address(value, circumstances, place);
  else if (lower === 'domain-name:value') collector.host('domain', value, circumstances, place);
  else if (lower === 'url:value') collector.url(value, circumstances, place);
  else if (/^network-traffic:(?:src|dst)_ref\.value$/.test(lower)) collector.host('host', value, circumstances, place);
  else {
    const kind = /[:._-](ja3|ja4)(?:_hash|_md5|_fingerprint|-fingerprint|-fingerprint-md5)?$/.exec(lower)?.[1];
    if (kind === 'ja3' || kind === 'ja4') collector.fingerprint(kind, value, circumstances, place);
    else {
      const object = /^[a-z0-9-]{1,40}(?=:)/.exec(lower)?.[0] ?? 'unknown';
      collector.problems.add(`stix-${object}`, place, `${object}: no flow of a case tells it`);
    }
  }
}

function mispEvents(value: unknown): readonly unknown[] | null {
  // A search answers with its events, or with attributes in one object (MISP, /events/restSearch and /attributes/restSearch).
  const found = field(value, 'response') ?? value;
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  const events = list.map((each) => field(each, 'Event') ?? each);
  return events.some((each) => Array.isArray(field(each, 'Attribute')) || Array.isArray(field(each, 'Object')))
    ? events
    : null;
}

function* attributesOf(event: unknown): Generator<unknown, void, undefined> {
  yield* listField(event, 'Attribute');
  for (const object of listField(event, 'Object')) yield* listField(object, 'Attribute');
}

const NOT_FOR_DETECTION = 'its maker says that it is context, not to be looked for (to_ids)';

/** Yes and no as MISP of different versions writes them. */
function isNo(value: unknown): boolean {
  return value === false || value === 0 || value === '0';
}

function isYes(value: unknown): boolean {
  return value === true || value === 1 || value === '1';
}

/** MISP core format: attributes of an event and of its objects. Ports beside addresses are not looked at. */
function addMisp(attribute: unknown, info: string, place: number, collector: IndicatorCollector): void {
  const { problems } = collector;
  const type = textField(attribute, 'type').toLowerCase();
  const value = textField(attribute, 'value');
  const comment = textField(attribute, 'comment');
  const label = [info === '' ? textField(field(attribute, 'Event'), 'info') : info, comment]
    .filter((part) => part !== '')
    .join(': ');
  const circumstances: Circumstances = { label, validFrom: null, validUntil: null };
  if (value === '' || type === '') problems.add('bad-attribute', place, 'the attribute lacks a type or a value');
  else if (isYes(field(attribute, 'deleted'))) problems.add('deleted', place, 'the attribute was deleted by its maker');
  else if (isNo(field(attribute, 'to_ids'))) {
    problems.add('not-for-detection', place, NOT_FOR_DETECTION);
  } else if (/^ip-(?:src|dst)(?:\|port)?$/.test(type)) collector.address(value.split('|')[0], circumstances, place);
  else if (type === 'domain') collector.host('domain', value, circumstances, place);
  else if (type === 'hostname' || type === 'hostname|port')
    collector.host('host', value.split('|')[0], circumstances, place);
  else if (type === 'domain|ip') {
    const [name, address = ''] = value.split('|');
    collector.host('domain', name, circumstances, place);
    collector.address(address, circumstances, place);
  } else if (type === 'url' || type === 'uri') collector.url(value, circumstances, place);
  else if (type === 'ja3-fingerprint-md5') collector.fingerprint('ja3', value, circumstances, place);
  else if (type === 'ja4' || type === 'ja4-fingerprint') collector.fingerprint('ja4', value, circumstances, place);
  else {
    const shown = type.replaceAll(/[^a-z0-9|-]/g, '').slice(0, 40);
    problems.add(`misp-${shown}`, place, `${shown}: no flow of a case tells it`);
  }
}

// Lists

const LIST_COLUMNS = {
  value: [
    'value',
    'indicator',
    'ioc',
    'indicator_value',
    'address',
    'ip',
    'ip_address',
    'cidr',
    'domain',
    'hostname',
    'url',
    'ja3',
    'ja4',
  ],
  label: ['label', 'name', 'description', 'comment', 'threat', 'malware', 'tag'],
  from: ['from', 'valid_from'],
  until: ['until', 'to', 'valid_until'],
  /** MISP's own CSV says so of each attribute. */
  detect: ['to_ids'],
} as const;

/** Lines of `value,label,valid from,valid until`; what a value is, is told by its form. Hosts files (`0.0.0.0 name`) too. */
function readList(text: string, collector: IndicatorCollector): IndicatorFormat {
  let at: Partial<Record<keyof typeof LIST_COLUMNS, number>> | null = null;
  for (const { line, cells, fault } of delimitedLines(text)) {
    if (cells === null) {
      collector.problems.add(fault ?? 'bad-line', line, 'the line cannot be cut into cells');
      continue;
    }
    if (at === null) {
      const columns = columnsOf(cells, LIST_COLUMNS, ['value', 'label', 'from', 'until']);
      at = columns.at;
      if (columns.header) continue;
    }
    const cell = (column: keyof typeof LIST_COLUMNS): string => cells[at?.[column] ?? -1] ?? '';
    const [from, until] = [dayOrInstant(cell('from')), dayOrInstant(cell('until'))];
    if (Number.isNaN(from) || Number.isNaN(until)) {
      collector.problems.add('bad-validity', line, 'a time of the validity is neither a date nor ISO 8601 with zone');
      continue;
    }
    if (/^(?:0|false)$/i.test(cell('detect'))) {
      collector.problems.add('not-for-detection', line, NOT_FOR_DETECTION);
      continue;
    }
    addListed(cell('value'), { label: cell('label'), validFrom: from, validUntil: until }, line, collector);
  }
  return 'list';
}

/** A date counts from its beginning, UTC. */
function dayOrInstant(text: string): number | null {
  if (text === '') return null;
  return /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) * 1000 : microseconds(text);
}

function addListed(text: string, circumstances: Circumstances, line: number, collector: IndicatorCollector): void {
  const value = refanged(text)
    .replace(/^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(?=[a-z0-9_-]+\.)/i, '')
    .split(/\s/, 1)[0]
    // An address or name with a port or another address behind it, as MISP's CSV has them.
    .replace(/^([^/|]+)\|[^/]*$/, '$1');
  const lower = value.toLowerCase();
  if (JA4.test(lower)) collector.fingerprint('ja4', lower, circumstances, line);
  else if (JA3.test(lower)) collector.fingerprint('ja3', lower, circumstances, line);
  else if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(lower)) {
    collector.problems.add('file-hash', line, 'hashes of files: no flow of a case tells them');
  } else if (value.includes('://')) collector.url(value, circumstances, line);
  else if (listedBlock(value) !== null) collector.address(value, circumstances, line);
  else collector.host('domain', value.replace(/^\*?\./, ''), circumstances, line);
}
