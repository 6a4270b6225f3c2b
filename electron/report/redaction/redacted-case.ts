import { basename } from 'node:path';
import { type AddressWords, formatAddress, parseAddress } from '../../../shared/address.ts';
import { type CaseRecord, type Note, type NoteQuery, targetParts } from '../../../shared/case-record.ts';
import type { ClaimCheckFinding, Finding } from '../../../shared/finding.ts';
import { formatCounted, formatList } from '../../../shared/number-format.ts';
import type { Profile } from '../../../shared/profile.ts';
import { EnclaveError } from '../../../shared/problem.ts';
import { REDACTION_KEY, type Redaction, type RedactionChoice } from '../../../shared/redaction.ts';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../../casefile/case-reader.ts';
import type { ReportCase } from '../report-case.ts';
import { KEY_BYTES } from './crypto-pan.ts';
import { refuseLeaks } from './leak-check.ts';
import { Redactor } from './redactor.ts';
import { LEFT_OUT } from './secrets.ts';

/** A view of a case in which values are redacted: the report is printed from it as from the case itself. */

const REDACTED_TITLE = 'Redacted case';
/** Settings of a case that no person wrote. */
const PLAIN_SETTINGS: ReadonlySet<string> = new Set(['version', 'created', 'labelVersion', 'leaveOutDuplicates']);

const LEVELS: Readonly<Record<Redaction, string>> = {
  none: 'None of the texts',
  addresses:
    'Addresses: each stands under a pseudonym that keeps which addresses share a network (Crypto-PAn); MAC addresses are left out',
  names:
    'Names: host names are cut to the registered domain; labels, event kinds and files bear numbers; what people wrote, and user ' +
    'agents, are left out',
  full:
    'Full: hosts of the ranges bear aliases (host A17), other addresses pseudonyms that keep which share a network (Crypto-PAn); host ' +
    'names are cut to the registered domain; labels, event kinds and files bear numbers; what people wrote, and user agents, are ' +
    'left out',
};

/** The key of a case's redactions. Throws EnclaveError `no-redaction-key` when it has none yet. */
function keyOf(reader: CaseReader): Uint8Array {
  const hex = reader.meta(REDACTION_KEY) ?? '';
  if (!new RegExp(`^[0-9a-f]{${KEY_BYTES * 2}}$`).test(hex)) {
    throw new EnclaveError(
      'no-redaction-key',
      'the case has no key for redacted reports',
      reader.path,
      'open the case for writing once: the key is made with the first redacted report',
    );
  }
  return Buffer.from(hex, 'hex');
}

function addressesOf(texts: readonly string[]): AddressWords[] {
  return texts.map((text) => {
    const words = parseAddress(text);
    if (words === null) throw new EnclaveError('usage', `“${text}” is no address`, '', 'name hosts by address', 1);
    return words;
  });
}

/** Every text in a value, and every name of its fields, through `tell`; `kept` fields stay as they are. */
function deep<Value>(value: Value, tell: (text: string) => string, kept: ReadonlySet<string> = new Set()): Value {
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') return tell(part);
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, field]) => [tell(name), kept.has(name) ? field : walk(field)]),
    );
  };
  return walk(value) as Value;
}

/** Fields of a finding that hold no value of the case: ids, words of Enclave. */
const KEPT_FIELDS: ReadonlySet<string> = new Set(['id', 'kind', 'verdict', 'method', 'metric', 'level', 'restsOn']);

interface Redacted {
  readonly original: Finding;
  readonly told: Finding;
}

class RedactedCase implements ReportCase {
  readonly counted: CaseReader;
  readonly redactor: Redactor;
  readonly #findings: readonly Redacted[];
  readonly #leftOutFindings: ReadonlySet<string>;
  readonly #level: Redaction;
  readonly #hosts: number;

  constructor(reader: CaseReader, { redact = 'none', leaveOutHosts = [], leaveOutFindings = [] }: RedactionChoice) {
    const hosts = addressesOf(leaveOutHosts);
    this.counted = reader;
    this.redactor = new Redactor(reader, redact, keyOf(reader), hosts);
    this.#level = redact;
    this.#hosts = this.redactor.leftOutHosts.size;
    const findings = reader.findings();
    const known = new Set(findings.map(({ id }) => id));
    const unknown = leaveOutFindings.find((id) => !known.has(id));
    if (unknown !== undefined) {
      throw new EnclaveError('usage', `the case has no finding “${unknown}”`, '', 'see enclave findings', 1);
    }
    const isLeftOut = (finding: Finding): boolean =>
      leaveOutFindings.includes(finding.id) || hostsOf(finding).some((host) => this.redactor.leftOutHosts.has(host));
    this.#leftOutFindings = new Set(findings.filter(isLeftOut).map(({ id }) => id));
    this.#findings = this.#redactedFindings(findings.filter(({ id }) => !this.#leftOutFindings.has(id)));
  }

  get path(): string {
    return this.redactor.hidesNames ? 'case.enclave' : this.redactor.text(basename(this.counted.path));
  }

  get labelVersion(): number {
    return this.counted.labelVersion;
  }

  get profile(): Profile {
    const { redactor } = this;
    const { profile } = this.counted;
    const text = (value: string): string => redactor.text(value);
    return {
      ...deep(
        profile,
        text,
        new Set(['name', 'timeZone', 'ranges', 'watchLists', 'groups', 'events', 'claims', 'mappings']),
      ),
      name: redactor.free(profile.name, LEFT_OUT),
      ranges: profile.ranges.map(({ label, cidr }) => ({ label: redactor.label(label), cidr: text(cidr) })),
      watchLists: {},
      groups: {},
      events: [],
      claims: [],
      mappings: [],
    };
  }

  get redaction(): string {
    const parts = [LEVELS[this.#level]];
    const left = [
      this.#hosts === 0 ? '' : formatCounted(this.#hosts, 'host'),
      this.#leftOutFindings.size === 0 ? '' : formatCounted(this.#leftOutFindings.size, 'finding'),
    ].filter((part) => part !== '');
    if (left.length > 0) parts.push(`left out by choice, with what is about them: ${formatList(left)}`);
    const hidden =
      this.#level === 'none'
        ? ''
        : ' Filters and commands hold the values printed here, so the case does not know them.';
    return `${parts.join('; ')}. The case holds the original.${hidden}`;
  }

  meta(key: string): string | null {
    const value = this.counted.meta(key);
    if (value === null || value === '' || PLAIN_SETTINGS.has(key)) return value;
    if (key === 'title') return this.redactor.free(value, REDACTED_TITLE);
    if (key === 'banner') return this.redactor.text(value);
    return this.redactor.free(value, LEFT_OUT);
  }

  record(): CaseRecord {
    const record = this.counted.record();
    const facts = Object.fromEntries(
      Object.keys(record.facts).map((name) => [name, this.meta(name) ?? '']),
    ) as CaseRecord['facts'];
    return {
      ...record,
      facts,
      atWork: this.redactor.person(record.atWork),
      examiners: record.examiners.map((name) => this.redactor.person(name)),
    };
  }

  findings(): Finding[] {
    return this.#findings.map(({ told }) => told);
  }

  filterOf(finding: Finding): string {
    return this.#findings.find(({ told }) => told === finding)?.original.where ?? '';
  }

  #redactedFindings(findings: readonly Finding[]): Redacted[] {
    const redacted = findings.map((original): Redacted => ({ original, told: this.#finding(original) }));
    const ids = new Map(redacted.map(({ original, told }) => [original.id, told.id]));
    for (const { told } of redacted) {
      if (told.kind === 'claim-check') told.restsOn = told.restsOn.flatMap((id) => ids.get(id) ?? []);
    }
    return redacted;
  }

  #finding(original: Finding): Finding {
    const { redactor } = this;
    const tell = redactor.about(labelsOf(original));
    const told = deep(withoutHosts(original, redactor.leftOutHosts), tell, KEPT_FIELDS);
    told.where = redactor.filter(original.where);
    const { host } = told.parameters;
    // Printed after its name.
    if (typeof host === 'string') told.parameters = { ...told.parameters, host: host.replace(/^host /, '') };
    switch (told.kind) {
      case 'activity-share':
        told.group = redactor.label(fieldOf(original, 'group'));
        break;
      case 'watch-list':
        told.list = redactor.label(fieldOf(original, 'list'));
        break;
      case 'event-association':
        told.eventKind = redactor.label(fieldOf(original, 'eventKind'));
        break;
      case 'server-inventory':
        if (told.range !== null) told.range = redactor.label(fieldOf(original, 'range'));
        break;
      case 'period-comparison':
        told.whereEarlier = redactor.filter(fieldOf(original, 'whereEarlier'));
        break;
      case 'host-profile':
        if (redactor.hidesNames) {
          told.devices = told.devices.map((device) => ({ kind: device.kind, why: quotedNothing(device.why) }));
        }
        break;
      case 'onset':
        told.nearbyEvents = told.nearbyEvents.map((event, i) => ({
          time: event.time,
          label: redactor.free(eventOf(original, i).label, `event ${LEFT_OUT}`),
          kind: redactor.label(eventOf(original, i).kind),
        }));
        break;
      case 'claim-check':
        if (original.kind === 'claim-check') this.#claim(told, original);
        break;
      default:
    }
    if (identity(told) !== identity(original)) told.id = redactor.keyed(`finding ${original.id}`).slice(0, 16);
    return told;
  }

  #claim(told: ClaimCheckFinding, original: ClaimCheckFinding): void {
    const { redactor } = this;
    if (original.restsOn.some((id) => this.#leftOutFindings.has(id))) {
      told.why = 'It rests on a finding that this report leaves out.';
    }
    const { id, text, source } = original.claim;
    told.claim = {
      id: redactor.label(id),
      text: redactor.free(text, `(text ${LEFT_OUT})`),
      source: redactor.free(source, ''),
    };
    told.title = redactor.hidesNames ? `Claim ${told.claim.id} (text ${LEFT_OUT}).` : redactor.text(original.title);
    told.statement = `Claim ${told.claim.id}: ${told.why}`;
    told.parameters = { ...told.parameters, claim: told.claim.id };
  }

  evidence(): EvidenceInfo[] {
    const { redactor } = this;
    return this.counted.evidence().map((file) => ({
      ...file,
      path: redactor.path(file.path),
      linkTypes: file.linkTypes.map((type) => redactor.text(type)),
      problems: file.problems.map((problem) => ({
        ...problem,
        message: redactor.text(redactor.hidesNames ? withoutQuotations(problem.message) : problem.message),
      })),
      custody: {
        hashes: file.custody.hashes,
        clockOffset: file.custody.clockOffset,
        clockReason: redactor.free(file.custody.clockReason, `reason ${LEFT_OUT}`),
      },
    }));
  }

  audit(): AuditEntry[] {
    const { redactor } = this;
    return this.counted.audit().map((entry) => ({
      ...entry,
      action: plainWord(entry.action) || !redactor.hidesNames ? redactor.text(entry.action) : LEFT_OUT,
      actor: redactor.person(entry.actor),
      detail: this.#detail(entry.detail),
    }));
  }

  #detail(detail: string): string {
    let parsed: unknown;
    try {
      parsed = JSON.parse(detail);
    } catch {
      return this.redactor.free(detail, LEFT_OUT);
    }
    return JSON.stringify(this.#entry(parsed));
  }

  /** A value of an audit entry: without names only numbers, hashes, times and single words of Enclave are sure to be harmless. */
  #entry(value: unknown, field = ''): unknown {
    const { redactor } = this;
    if (field === 'basis') return this.#basis(value);
    if (typeof value === 'string') {
      if (!redactor.hidesNames) return redactor.text(value);
      if (redactor.secrets.paths.has(value)) return redactor.path(value);
      // The hash of a profile that many have tells which one it is.
      if (field === 'profileSha256') return LEFT_OUT;
      return isHarmless(field, value) ? redactor.text(value) : LEFT_OUT;
    }
    if (Array.isArray(value)) return value.map((part) => this.#entry(part, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [
        /^[A-Za-z][A-Za-z0-9]{0,40}$/.test(name) || !redactor.hidesNames ? redactor.text(name) : LEFT_OUT,
        this.#entry(part, name),
      ]),
    );
  }

  labelBasis(): Record<string, unknown> | null {
    const basis = this.counted.labelBasis();
    return basis === null ? null : (this.#basis(basis) as Record<string, unknown>);
  }

  /** Catalogue and tables are Enclave's own and the same in every case. */
  #basis(basis: unknown): unknown {
    if (typeof basis !== 'object' || basis === null) return this.#entry(basis);
    return Object.fromEntries(
      Object.entries(basis).map(([name, part]) => [
        name,
        name === 'catalogue' || name === 'tables' ? part : this.#entry(part, name),
      ]),
    );
  }

  notes(query?: NoteQuery): Note[] {
    const { redactor } = this;
    const ids = new Map(this.#findings.map(({ original, told }) => [original.id, told.id]));
    return this.counted.notes(query).flatMap((note): Note[] => {
      const { kind, value } = targetParts(note.target);
      if (kind === 'finding' && this.#leftOutFindings.has(value)) return [];
      if (kind === 'host' && redactor.leftOutHosts.has(value)) return [];
      const told: Record<string, (text: string) => string> = {
        finding: (id) => ids.get(id) ?? LEFT_OUT,
        filter: (text) => redactor.filter(text),
      };
      const rest = (told[kind] ?? ((text: string) => redactor.text(text)))(value);
      return [
        {
          ...note,
          target: value === '' ? note.target : `${kind}:${rest}`,
          text: redactor.free(note.text, `(text ${LEFT_OUT})`),
          tags: redactor.hidesNames ? [] : note.tags.map((tag) => redactor.text(tag)),
          examiner: redactor.person(note.examiner),
        },
      ];
    });
  }
}

/** Hosts that a finding is about, in canonical form. */
function hostsOf(finding: Finding): string[] {
  const hosts =
    finding.kind === 'host-profile'
      ? [finding.host]
      : finding.kind === 'beacon'
        ? [finding.host, finding.peer]
        : finding.kind === 'reconnaissance'
          ? [finding.source]
          : [];
  return hosts.flatMap((host) => canonical(host) ?? []);
}

function canonical(text: string | null): string | null {
  const words = text === null ? null : parseAddress(text);
  return words === null ? null : formatAddress(...words);
}

/** Labels of the profile, or kinds of events, that a finding is about. */
function labelsOf(finding: Finding): string[] {
  switch (finding.kind) {
    case 'activity-share':
      return [finding.group];
    case 'watch-list':
      return [finding.list];
    case 'event-association':
      return [finding.eventKind];
    case 'server-inventory':
      return finding.range === null ? [] : [finding.range];
    default:
      return [];
  }
}

function fieldOf(finding: Finding, name: string): string {
  const value: unknown = Object.entries(finding).find(([field]) => field === name)?.[1];
  return typeof value === 'string' ? value : '';
}

function eventOf(finding: Finding, index: number): { label: string; kind: string } {
  const event = finding.kind === 'onset' ? finding.nearbyEvents[index] : undefined;
  return event ?? { label: '', kind: '' };
}

/** The finding without the rows of its tables that are about hosts which are left out. */
function withoutHosts(finding: Finding, leftOut: ReadonlySet<string>): Finding {
  const stays = (address: string): boolean => !leftOut.has(canonical(address) ?? '');
  switch (finding.kind) {
    case 'server-inventory':
      return { ...finding, servers: finding.servers.filter(({ address }) => stays(address)) };
    case 'reconnaissance':
      return { ...finding, sources: finding.sources.filter(({ source }) => stays(source)) };
    case 'malicious-activity':
      return {
        ...finding,
        detectors: finding.detectors.map((each) => ({ ...each, hosts: each.hosts.filter(stays) })),
      };
    case 'watch-list':
      return { ...finding, members: finding.members.filter(({ member }) => stays(member)) };
    default:
      return finding;
  }
}

/**
 * What the id of a finding is a hash of, and more. A hash of something that is hidden, such as an address, would give it away to
 * whoever tries them all.
 */
function identity(finding: Finding): string {
  return JSON.stringify([finding.kind, finding.title, finding.parameters, labelsOf(finding), hostsOf(finding)]);
}

/** A reason for a kind of device without the text that it quotes: `User-Agent left out (810 flows); initial TTL 128 fits`. */
function quotedNothing(why: string): string {
  const parts = /^(User-Agent|own name) .*( \(\d+ flows?\)(?:; [\w ()/.,+-]+)*)$/su.exec(why);
  return parts === null ? LEFT_OUT : `${parts[1]} ${LEFT_OUT}${parts[2]}`;
}

/** A message without what it quotes of a file. */
function withoutQuotations(message: string): string {
  return message.replace(/“[^”]*”|"[^"]*"|(?<!\p{L})'[^']*'|‘[^’]*’/gu, `(${LEFT_OUT})`);
}

function plainWord(text: string): boolean {
  return /^[a-z][a-z -]{0,40}$/.test(text);
}

/** Fields whose texts Enclave chooses from short lists. */
const CHOSEN: ReadonlySet<string> = new Set(
  'opened status format kind form redact verdict decision view metric result level check'.split(' '),
);

function isHarmless(field: string, text: string): boolean {
  if (text === '') return true;
  if (/^[0-9a-f]{8,128}$/.test(text) || /^\d{4}-\d\d-\d\dT[\d:.]{5,15}Z?$/.test(text)) return true;
  if (/^\d{1,6}(\.\d{1,6}){1,2}$/.test(text)) return true;
  return CHOSEN.has(field) && /^[a-z][a-z0-9 .-]{0,40}$/.test(text);
}

/** Texts of Enclave itself in a report: methods, tables and their sources. */
function ownTexts(reader: CaseReader): string[] {
  const methods = reader.findings().map(({ method }) => `${method.name} ${method.source}`);
  const { catalogue, tables } = reader.labelBasis() ?? {};
  return [...new Set(methods), JSON.stringify({ catalogue, tables })];
}

/**
 * A case as its redacted report tells it, and the check of what was printed from it, which throws EnclaveError `redaction-leak`.
 * Throws EnclaveError `no-redaction-key` when the case has no key yet, and `usage` for an address or a finding that is none.
 */
export function redactedCase(
  reader: CaseReader,
  choice: RedactionChoice,
): { told: ReportCase; check: (html: string) => void } {
  const told = new RedactedCase(reader, choice);
  return { told, check: (html) => refuseLeaks(html, told.redactor, ownTexts(reader)) };
}
