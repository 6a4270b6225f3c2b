import { formatAddress, parseAddress } from '../../../shared/address.ts';
import type { ClaimCheckFinding, Finding } from '../../../shared/finding.ts';
import type { Redactor } from './redactor.ts';
import { LEFT_OUT } from './secrets.ts';

/** The findings of a case with what a report hides put otherwise. */

/** Every text in a value, and every name of its fields, through `tell`; `kept` fields stay as they are. */
export function deep<Value>(
  value: Value,
  tell: (text: string) => string,
  kept: ReadonlySet<string> = new Set(),
): Value {
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

export interface Redacted {
  readonly original: Finding;
  readonly told: Finding;
}

/**
 * Findings as a redacted report tells them, each with its original.
 *
 * @param leftOut ids of findings that the report leaves out, on which claims may rest
 */
export function redactedFindings(
  redactor: Redactor,
  findings: readonly Finding[],
  leftOut: ReadonlySet<string>,
): Redacted[] {
  const redacted = findings.map((original): Redacted => ({
    original,
    told: redactedFinding(redactor, original, leftOut),
  }));
  const ids = new Map(redacted.map(({ original, told }) => [original.id, told.id]));
  for (const { told } of redacted) {
    if (told.kind === 'claim-check') told.restsOn = told.restsOn.flatMap((id) => ids.get(id) ?? []);
  }
  return redacted;
}

function redactedFinding(redactor: Redactor, original: Finding, leftOut: ReadonlySet<string>): Finding {
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
      if (original.kind === 'claim-check') redactClaim(redactor, told, original, leftOut);
      break;
    default:
  }
  if (identity(told) !== identity(original)) told.id = redactor.keyed(`finding ${original.id}`).slice(0, 16);
  return told;
}

function redactClaim(
  redactor: Redactor,
  told: ClaimCheckFinding,
  original: ClaimCheckFinding,
  leftOut: ReadonlySet<string>,
): void {
  if (original.restsOn.some((id) => leftOut.has(id))) {
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

/** Hosts that a finding is about, in canonical form. */
export function hostsOf(finding: Finding): string[] {
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
