import { basename } from 'node:path';
import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { type CaseRecord, type Note, type NoteQuery, targetParts } from '../../../shared/case-record.ts';
import type { Finding } from '../../../shared/finding.ts';
import { formatCounted, formatList } from '../../../shared/number-format.ts';
import type { OwnFinding } from '../../../shared/own-finding.ts';
import type { Profile } from '../../../shared/profile.ts';
import { EnclaveError } from '../../../shared/problem.ts';
import { REDACTION_KEY, type Redaction, type RedactionChoice } from '../../../shared/redaction.ts';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../../casefile/case-reader.ts';
import type { ReportCase } from '../report-case.ts';
import { KEY_BYTES } from './crypto-pan.ts';
import { refuseLeaks } from './leak-check.ts';
import { redactedBasis, redactedEntry } from './redacted-audit.ts';
import { type Redacted, deep, hostsOf, redactedFindings } from './redacted-findings.ts';
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
    this.#findings = redactedFindings(
      this.redactor,
      findings.filter(({ id }) => !this.#leftOutFindings.has(id)),
      this.#leftOutFindings,
    );
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

  originalOf<Told extends Finding>(finding: Told): Told {
    const known = this.#findings.find(({ told }) => told === finding)?.original;
    // One finding told twice has one kind.
    return (known ?? finding) as Told;
  }

  text(text: string): string {
    return this.redactor.text(text);
  }

  range(label: string): string {
    return this.redactor.label(label);
  }

  leavesOut(address: string): boolean {
    return this.redactor.leftOutHosts.has(address);
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
    return this.counted.audit().map((entry) => redactedEntry(this.redactor, entry));
  }

  labelBasis(): Record<string, unknown> | null {
    const basis = this.counted.labelBasis();
    return basis === null ? null : (redactedBasis(this.redactor, basis) as Record<string, unknown>);
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

  ownFindings(): OwnFinding[] {
    const { redactor } = this;
    const isAboutLeftOut = (where: string): boolean => [...redactor.leftOutHosts].some((host) => where.includes(host));
    return this.counted
      .ownFindings()
      .filter(({ exhibits }) => !exhibits.some(({ where }) => isAboutLeftOut(where)))
      .map((finding, i) => ({
        ...finding,
        title: redactor.free(finding.title, `Finding ${i + 1} (title ${LEFT_OUT})`),
        statement: redactor.free(finding.statement, `(text ${LEFT_OUT})`),
        exhibits: finding.exhibits.map((exhibit, at) => ({
          ...exhibit,
          label: redactor.free(exhibit.label, `Exhibit ${at + 1}`),
          where: redactor.filter(exhibit.where),
        })),
        examiner: redactor.person(finding.examiner),
      }));
  }
}

/** A message without what it quotes of a file. */
function withoutQuotations(message: string): string {
  return message.replace(/“[^”]*”|"[^"]*"|(?<!\p{L})'[^']*'|‘[^’]*’/gu, `(${LEFT_OUT})`);
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
