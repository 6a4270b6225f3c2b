import type { Caveat, Finding, VerdictOnClaim } from '../../shared/finding.ts';
import {
  formatCount,
  formatCounted,
  formatList,
  formatShare,
  formatShareInterval,
  weekdayName,
} from '../../shared/number-format.ts';
import type { Claim } from '../../shared/profile.ts';
import { blockContains, parseAddress, parseBlock } from '../../shared/address.ts';
import { filterValue } from '../../shared/activity.ts';
import { isCategory, PROTOCOLS } from '../../shared/vocabulary.ts';
import { TOO_MUCH_UNNAMED } from './unnamed-activity.ts';
import { type AnalysisFrame, dateOf } from './analysis-frame.ts';
import { countryInWords } from './country-in-words.ts';
import type { DayTally } from './traffic-tally.ts';

/**
 * How a claim of each kind is compared with the findings of that kind. A claim may say several things; each is a part with
 * a verdict of its own. What the evidence does not cover, or what the claim leaves open (its metric, say) while it matters,
 * cannot be told; that is not the same as refuted.
 */

export interface ClaimPart {
  readonly verdict: VerdictOnClaim;
  /** One sentence with the figures. */
  readonly why: string;
  readonly restsOn: readonly Finding[];
  /** Flows that it rests on beside those of findings; a filter expression. */
  readonly where?: string;
  /** What was compared, where that is another number than the value of the finding. */
  readonly figure?: { readonly value: number; readonly unit: string };
  /** What limits the claim beyond what limits the findings that it rests on. */
  readonly caveats?: readonly Caveat[];
}

export type ClaimRule = (claim: Claim, findings: readonly Finding[], frame: AnalysisFrame) => ClaimPart[];

/** Days on which a service must be met to count as used. */
export const USED_DAYS = 3;
/** A service or site is met daily when it is met on this share of the observed days. */
export const DAILY_SHARE = 0.9;
/** Places that count as leading a category. */
const LEADING_PLACES = 5;
/** Hours by which the ends of a stretch of the day may differ. */
const HOURS_TOLERANCE = 1;
/** Activity around events is as ever when the whole interval of its ratio lies within this and its inverse (the bounds of
 * equivalence of Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987): a test that finds nothing shows no absence. */
const NO_EFFECT = 1.25;
/** A packet in more than this many: what is small may have been missed altogether. */
const COARSE_SAMPLING = 100;

type KindOf<Kind extends Finding['kind']> = Extract<Finding, { kind: Kind }>;

function ofKind<Kind extends Finding['kind']>(findings: readonly Finding[], kind: Kind): KindOf<Kind>[] {
  return findings.filter((finding): finding is KindOf<Kind> => finding.kind === kind);
}

const holds = (why: string, ...restsOn: Finding[]): ClaimPart => ({ verdict: 'holds', why, restsOn });
const refuted = (why: string, ...restsOn: Finding[]): ClaimPart => ({ verdict: 'refuted', why, restsOn });
const open = (why: string, ...restsOn: Finding[]): ClaimPart => ({ verdict: 'cannot-be-told', why, restsOn });

/** What stands in a subject behind `key:`; null when it has no such word. */
function subjectPart(claim: Claim, key: string): string | null {
  const word = claim.subject.split(' ').find((each) => each.startsWith(`${key}:`));
  return word === undefined ? null : word.slice(key.length + 1);
}

/** Half a unit of the last digit of a stated number: 0.65 may be 0.645 to 0.655, 0.2 may be 0.15 to 0.25. */
export function statedTolerance(value: number): number {
  const decimals = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0;
  return 0.5 / 10 ** (Number.isInteger(value) && Math.abs(value) <= 1 ? 1 : decimals);
}

/** A figure as its finding tells it. */
function figureOf(finding: Finding, value: number): string {
  return finding.unit.startsWith('share') ? formatShare(value) : formatCount(Math.round(value * 100) / 100);
}

/** Compares a stated number with an estimate: by its interval where there is one. The sentence leaves the stated one to the caller. */
function compareNumber(
  claim: Claim,
  stated: number,
  finding: Finding,
  what: string,
  isTold = finding.verdict !== 'insufficient-data',
): ClaimPart {
  const { value, interval } = finding;
  const figure = (x: number): string => figureOf(finding, x);
  if (value === null) return open(`${what} cannot be told from this evidence`, finding);
  const tolerance = claim.expected.tolerance ?? statedTolerance(stated);
  const [low, high] = [stated - tolerance, stated + tolerance];
  const told = `${what} is ${figure(value)}${
    interval === null ? '' : ` (95 % interval ${interval.map(figure).join(' to ')})`
  }`;
  if (!isTold) return open(`${told}, but the data are too few to compare`, finding);
  if (interval === null && finding.scaled) return open(`${told}, of what sampled data recorded`, finding);
  if (interval === null) {
    return value >= low && value <= high ? holds(told, finding) : refuted(told, finding);
  }
  return interval[1] < low || interval[0] > high ? refuted(told, finding) : holds(told, finding);
}

/** The stated number behind what was found. */
function withStated(part: ClaimPart, claim: Claim, stated: string): ClaimPart {
  const unit = claim.metric === undefined ? ', of what is not said' : '';
  return { ...part, why: `${part.why}; stated is ${stated}${unit}` };
}

/** Makes one of what holds by one metric and not by another, when the claim does not say which it means. */
function acrossMetrics(parts: readonly (ClaimPart & { metric: string })[]): ClaimPart[] {
  const verdicts = new Set(parts.map(({ verdict }) => verdict));
  const restsOn = parts.flatMap((part) => part.restsOn);
  const why = parts.map((part) => part.why).join('; ');
  const [only] = verdicts;
  if (only === undefined) return [];
  if (verdicts.size === 1) return [{ verdict: only, why, restsOn }];
  return [open(`the claim does not name its metric, and the metrics disagree: ${why}`, ...restsOn)];
}

function windowParts(claim: Claim, frame: AnalysisFrame): ClaimPart[] {
  const first = frame.days[0];
  const last = frame.days.at(-1);
  const [from, to] = claim.expected.interval ?? [];
  if (typeof from !== 'string' || typeof to !== 'string') return [];
  if (first === undefined || last === undefined) return [open('the case holds no flow')];
  const covered = `the evidence covers ${dateOf(first)} to ${dateOf(last)} (${frame.profile.timeZone})`;
  return [
    dateOf(first) <= from && dateOf(last) >= to
      ? holds(`${covered}, which includes ${from} to ${to}`)
      : open(`${covered}, not all of ${from} to ${to}`),
  ];
}

const coverageRule: ClaimRule = (claim, findings, frame) => {
  const [coverage] = ofKind(findings, 'coverage');
  const rests = coverage === undefined ? [] : [coverage];
  if (claim.subject === 'excluded') {
    const { excluded } = frame.profile;
    const said =
      excluded.length === 0
        ? 'the profile excludes no address'
        : `the profile excludes ${formatList(excluded.map(({ cidr, why }) => `${cidr} (${why})`))}`;
    return [open(`${said}; who uses an address inside the ranges cannot be seen from flows`, ...rests)];
  }
  const parts = windowParts(claim, frame);
  for (const cidr of claim.expected.list ?? []) {
    const range = frame.profile.ranges.find((each) => each.cidr === cidr);
    const seen = range !== undefined && frame.tally.rangesSeen.has(frame.profile.ranges.indexOf(range) + 1);
    parts.push(
      range === undefined
        ? refuted(`${cidr} is no range of the profile`)
        : seen
          ? holds(`flows of ${cidr} are seen`)
          : open(`no flow of ${cidr} is seen`),
    );
  }
  return parts.map((part) => ({ ...part, restsOn: rests }));
};

const activityShareRule: ClaimRule = (claim, findings, frame) => {
  const group = subjectPart(claim, 'group');
  const { value } = claim.expected;
  if (typeof value !== 'number') return [];
  const shares = ofKind(findings, 'activity-share').filter(
    (finding) => finding.group === group && (claim.metric === undefined || finding.metric === claim.metric),
  );
  const isBlind = frame.missing.names.length > 0;
  return acrossMetrics(
    shares.map((finding) => {
      const { metric } = finding;
      const part = sharePart(claim, value, finding);
      return isBlind ? { metric, ...open(`${part.why}, in evidence without names`, finding) } : { metric, ...part };
    }),
  ).map((part) => withStated(part, claim, formatShare(value)));
};

/**
 * A share and a stated number. Activity that no rule names refutes nothing that it may bring about, and bears nothing out: an interval that
 * reaches far for it can refute, as it holds the share; that the number lies in it shows nothing, if not in that of what is named.
 */
function sharePart(claim: Claim, stated: number, finding: KindOf<'activity-share'>): ClaimPart {
  const isTold = finding.verdict !== 'insufficient-data' || finding.caveats.some(({ id }) => id === TOO_MUCH_UNNAMED);
  const part = compareNumber(claim, stated, finding, `the share of ${finding.metric}`, isTold);
  const [low, high] = finding.namedInterval ?? [finding.value ?? 0, finding.value ?? 0];
  const tolerance = claim.expected.tolerance ?? statedTolerance(stated);
  const isNamed = stated + tolerance >= low && stated - tolerance <= high;
  if (part.verdict !== 'holds' || (isNamed && finding.verdict !== 'insufficient-data')) return part;
  return open(`${part.why}, for activity that no rule names, which may be of the group or not`, finding);
}

interface Use {
  readonly flows: number;
  readonly days: number;
}

/** Activity of all labels that pass. */
function useOf(frame: AnalysisFrame, counts: (label: { category: string; service: string | null }) => boolean): Use {
  const labels = frame.tally.labels.flatMap((label, number) => (counts(label) ? [number] : []));
  const on = (day: DayTally): number => labels.reduce((total, label) => total + (day.sums[label * 3] ?? 0), 0);
  return {
    flows: frame.days.reduce((total, day) => total + on(day), 0),
    days: frame.days.filter((day) => on(day) > 0).length,
  };
}

/** Use of a service; of a category, or of the category of a protocol that no service carries, where `id` names one. */
function useById(frame: AnalysisFrame, id: string): { use: Use; what: string; filter: string } {
  const ofCategory = (name: string): { use: Use; filter: string } => ({
    use: useOf(frame, ({ category }) => category === name),
    filter: `category = ${name}`,
  });
  if (isCategory(id)) return { ...ofCategory(id), what: `category ${id}` };
  const use = useOf(frame, ({ service }) => service === id);
  const category = PROTOCOLS[id];
  if (use.flows > 0 || category === undefined)
    return { use, what: `service ${id}`, filter: `service = ${filterValue(id)}` };
  return { ...ofCategory(category), what: `protocol ${id} (category ${category})` };
}

/** The sampling rate at which what is small may have been missed altogether; undefined where none is so coarse. */
function coarseSampling({ coverage }: AnalysisFrame): number | undefined {
  return coverage.sampling.find((rate) => rate > COARSE_SAMPLING);
}

/** Why something may be there that was not met; null when nothing speaks for it. */
function whyUnseen(frame: AnalysisFrame): string | null {
  const rate = coarseSampling(frame);
  if (rate !== undefined) return `at sampling 1:${rate} little use may not be seen at all`;
  return frame.missing.names.length > 0 ? 'the evidence has no names' : null;
}

/** What was not met is refuted, unless it may have been there unseen. */
function refutedUnless(gap: string | null, told: string, ...restsOn: Finding[]): ClaimPart {
  return gap === null ? refuted(told, ...restsOn) : open(`${told}; ${gap}`, ...restsOn);
}

function usedPart(frame: AnalysisFrame, id: string): ClaimPart {
  const { use, what, filter } = useById(frame, id);
  const all = useOf(frame, () => true);
  const seen =
    `${what} is met by ${formatCount(use.flows)} of ${formatCount(all.flows)} activity flows, ` +
    `on ${formatCount(use.days)} of ${formatCounted(all.days, 'day')} with activity`;
  const gap = whyUnseen(frame) ?? (all.days < USED_DAYS ? 'days with activity are too few' : null);
  const part = use.days >= USED_DAYS ? holds(seen) : refutedUnless(gap, seen);
  return { ...part, where: `${frame.activity} and ${filter}` };
}

const serviceRankingRule: ClaimRule = (claim, findings, frame) => {
  const rankings = ofKind(findings, 'service-ranking').filter(({ country }) => country === null);
  const category = subjectPart(claim, 'category');
  const categories = subjectPart(claim, 'categories')?.split(',') ?? [];
  const { value, list = [], verdict } = claim.expected;
  const parts: ClaimPart[] = [];
  if (typeof value === 'string') {
    const ranking = rankings.find((finding) => finding.category === category);
    const top = ranking?.ranking[0]?.service;
    if (ranking === undefined || top === undefined) {
      parts.push(open(`no named service of category ${category ?? 'any'} was seen`));
    } else if (ranking.verdict !== 'supported') {
      parts.push(
        open(`service ${top} comes first in category ${category ?? 'any'}, but its place is not certain`, ranking),
      );
    } else {
      parts.push(
        (top === value ? holds : refuted)(`service ${top} comes first in category ${category ?? 'any'}`, ranking),
      );
    }
  }
  for (const id of list) {
    const part = usedPart(frame, id);
    const place = rankings.flatMap((finding) =>
      finding.category !== null && categories.includes(finding.category)
        ? finding.ranking.flatMap(({ service }, i) => (service === id ? [{ finding, place: i + 1 }] : []))
        : [],
    )[0];
    if (place === undefined) {
      parts.push(part);
      continue;
    }
    const told = `${part.why} and ranks ${place.place} in category ${place.finding.category ?? ''}`;
    const leads = part.verdict !== 'holds' || place.place <= LEADING_PLACES;
    parts.push({ ...part, verdict: leads ? part.verdict : 'refuted', why: told, restsOn: [place.finding] });
  }
  if (verdict === 'supported' && list.length === 0 && category !== null) {
    const part = usedPart(frame, category);
    const told = { ...part, why: `${part.why}${placesOf(frame, findings, category)}` };
    parts.push(category === 'comms' && part.verdict === 'holds' ? { ...told, verdict: 'cannot-be-told' } : told);
  }
  return parts;
};

/** Countries among whose services, as ranked, are some of a category. */
function placesOf(frame: AnalysisFrame, findings: readonly Finding[], category: string): string {
  const services = new Set(frame.tally.labels.flatMap((label) => (label.category === category ? label.service : [])));
  const places = ofKind(findings, 'service-ranking').flatMap(({ country, ranking }) =>
    country !== null && ranking.some(({ service }) => services.has(service)) ? countryInWords(country) : [],
  );
  const placed = places.length === 0 ? '' : `; its services were met at addresses placed in ${formatList(places)}`;
  return category === 'comms'
    ? `${placed}; calls and messages are not told apart, and where a server stands tells nothing of the other party`
    : placed;
}

const dailyRhythmRule: ClaimRule = (claim, findings) => {
  const { interval, list } = claim.expected;
  const parts: ClaimPart[] = [];
  const [from, to] = interval ?? [];
  if (typeof from === 'number' && typeof to === 'number') {
    const rhythms = ofKind(findings, 'daily-rhythm').filter(
      ({ metric }) => claim.metric === undefined || metric === claim.metric,
    );
    parts.push(
      ...acrossMetrics(
        rhythms.map((finding) => {
          const metric = finding.metric ?? '';
          const { activeFrom, activeTo } = finding;
          if (finding.verdict === 'insufficient-data') {
            return { metric, ...open(`by ${metric} there are too few data for active hours`, finding) };
          }
          if (activeFrom === null || activeTo === null) {
            return { metric, ...refuted(`by ${metric} no hours stand out`, finding) };
          }
          const told =
            `by ${metric} the active hours of all days of the week taken together are ${activeFrom}:00 to ${activeTo}:00 (${finding.timeZone}); stated are ` +
            `${from}:00 to ${to}:00, compared to within ${formatCounted(HOURS_TOLERANCE, 'hour')}`;
          const close = apart(activeFrom, from) <= HOURS_TOLERANCE && apart(activeTo, to) <= HOURS_TOLERANCE;
          return { metric, ...(close ? holds : refuted)(told, finding) };
        }),
      ),
    );
  }
  if (list !== undefined) {
    const rhythms = ofKind(findings, 'weekly-rhythm').filter(
      ({ metric }) => claim.metric === undefined || metric === claim.metric,
    );
    parts.push(
      ...acrossMetrics(rhythms.map((finding) => ({ metric: finding.metric ?? '', ...weekdayPart(finding, list) }))),
    );
  }
  return parts;
};

/** Hours between two hours of the clock. */
function apart(x: number, y: number): number {
  const distance = Math.abs(x - y) % 24;
  return Math.min(distance, 24 - distance);
}

function weekdayPart(finding: KindOf<'weekly-rhythm'>, list: readonly string[]): ClaimPart {
  const metric = finding.metric ?? '';
  if (finding.verdict === 'insufficient-data') return open(`by ${metric} there are too few weeks`, finding);
  if (finding.verdict === 'not-supported') {
    return open(`by ${metric} the weekdays cannot be told apart`, finding);
  }
  const first = finding.ranking.slice(0, list.length).map(({ weekday }) => weekdayName(weekday));
  const tied = finding.highest.map(weekdayName);
  const told = `by ${metric} ${formatList(first)} come first, and ${formatList(tied)} cannot be told apart`;
  if (list.some((name) => !tied.includes(name) && !first.includes(name))) return refuted(told, finding);
  const sure = tied.every((name) => list.includes(name)) && first.every((name) => list.includes(name));
  return sure ? holds(told, finding) : open(told, finding);
}

/** Compares verdicts: what was looked for, and whether it was found. */
function verdictPart(expected: Finding['verdict'], finding: Finding): ClaimPart {
  if (finding.verdict === 'insufficient-data') {
    return open(`the data do not suffice: ${finding.caveats[0]?.text ?? finding.statement}`, finding);
  }
  const found = finding.verdict === 'supported';
  return (found === (expected === 'supported') ? holds : refuted)(finding.statement, finding);
}

/** Compares a response to events with what the claim says: one that was not found may be there, unless its interval is narrow. */
export function responsePart(expected: Finding['verdict'], finding: KindOf<'event-association'>): ClaimPart {
  const { interval, statement, verdict } = finding;
  const isAsEver = interval !== null && interval[0] >= 1 / NO_EFFECT && interval[1] <= NO_EFFECT;
  if (verdict !== 'not-supported' || isAsEver) return verdictPart(expected, finding);
  const bounds = `${formatCount(1 / NO_EFFECT)} to ${formatCount(NO_EFFECT)}`;
  return open(`${statement} A lack of response is not shown either: its interval reaches beyond ${bounds}`, finding);
}

const eventAssociationRule: ClaimRule = (claim, findings) => {
  const kind = subjectPart(claim, 'events');
  const finding = ofKind(findings, 'event-association').find((each) => each.eventKind === kind);
  if (finding === undefined) return [open(`no event of kind ${kind ?? ''} lies in the observed window`)];
  return [responsePart(claim.expected.verdict ?? 'supported', finding)];
};

const foreignPresenceRule: ClaimRule = (claim, findings, frame) => {
  const presences = ofKind(findings, 'foreign-presence');
  const { value, list = [] } = claim.expected;
  const of = (country: string): KindOf<'foreign-presence'> | undefined =>
    presences.find((each) => each.country === country);
  const country = subjectPart(claim, 'country');
  const parts = list.map((each) => presencePart(each, of(each)));
  if (country === null || typeof value !== 'number') return parts;
  const finding = of(country);
  const institutions = subjectPart(claim, 'category');
  if (finding === undefined) {
    const absent = `no activity with addresses placed in ${countryInWords(country)} was seen`;
    return [(frame.tally.activityFlows === 0 ? open : refuted)(absent), ...parts];
  }
  const measured =
    institutions === null
      ? countrySharePart(claim, value, finding)
      : institutionsPart(frame, institutions, value, finding);
  return [measured, ...parts];
};

function presencePart(country: string, presence: KindOf<'foreign-presence'> | undefined): ClaimPart {
  const name = countryInWords(country);
  if (presence === undefined) return refuted(`${name}: no activity with it was seen`);
  if (presence.verdict === 'insufficient-data') {
    const decided = presence.caveats.find(({ id }) => id === 'tables-decide');
    return open(decided?.text ?? `${name}: the data do not suffice`, presence);
  }
  const { flagged, share, localOrganisations, classes, daysActive, inboundFlows } = presence;
  const kinds = Object.keys(classes).toSorted();
  const told =
    `${name}: ${formatShare(share)} of activity flows, opened from inside the ranges, ` +
    `${formatCounted(localOrganisations.length, 'local organisation')}${kinds.length === 0 ? '' : ` (${formatList(kinds)})`}; activity on ` +
    `${formatCounted(daysActive, 'day')}; ${formatCounted(inboundFlows, 'answered flow')} opened from there`;
  return (flagged ? holds : refuted)(told, presence);
}

/** At least so many institutions of a class. */
function institutionsPart(
  frame: AnalysisFrame,
  institutions: string,
  least: number,
  finding: KindOf<'foreign-presence'>,
): ClaimPart {
  const unit = `institutions of class ${institutions}`;
  const value = finding.classes[institutions] ?? 0;
  const told = `${value} ${unit} placed in ${countryInWords(finding.country)} were met; stated are at least ${least}`;
  const part = value >= least ? holds(told, finding) : refutedUnless(whyUnseen(frame), told, finding);
  return { ...part, figure: { value, unit } };
}

/** The share of a country by flows; where the claim names no metric, the others must agree with it. */
function countrySharePart(claim: Claim, stated: number, finding: KindOf<'foreign-presence'>): ClaimPart {
  const { country, withoutGlobalServices, inboundFlows } = finding;
  const compared = compareNumber(
    claim,
    stated,
    finding,
    `the share of activity flows, opened from inside the ranges, with addresses placed in ${countryInWords(country)}`,
  );
  const left =
    `; of the flows left without global services, clouds, VPN services, peers and what no rule named it has ` +
    `${formatShare(withoutGlobalServices)}, and addresses there opened ${formatCounted(inboundFlows, 'answered flow')} to the ranges`;
  const part = withStated({ ...compared, why: `${compared.why}${left}` }, claim, formatShare(stated));
  const tolerance = claim.expected.tolerance ?? statedTolerance(stated);
  const differing = (finding.byTable ?? []).filter(({ share }) => {
    const [low, high] = (finding.interval ?? [finding.share, finding.share]).map(
      (bound) => bound + share - finding.share,
    );
    return (high < stated - tolerance || low > stated + tolerance) !== (part.verdict === 'refuted');
  });
  if (part.verdict !== 'cannot-be-told' && differing.length > 0) {
    const shares = differing.map(({ table, share }) => `${formatShare(share)} by ${table}`);
    return open(`country tables disagree (${formatList(shares)}): ${part.why}`, finding);
  }
  const others = Object.entries(finding.shareBy ?? {}).filter(([metric]) => metric !== 'flows');
  if (claim.metric !== undefined || others.length === 0) return part;
  const isRefutedByAny = others.some(([, { value, interval }]) => {
    const [low, high] = interval ?? [value, value];
    return high < stated - tolerance || low > stated + tolerance;
  });
  if (isRefutedByAny === (part.verdict === 'refuted')) return part;
  const told = others.map(([metric, { value }]) => `${formatShare(value)} by ${metric}`);
  return open(
    `the claim does not name its metric, and the metrics disagree (${formatList(told)}): ${part.why}`,
    finding,
  );
}

const onsetRule: ClaimRule = (claim, findings) => {
  const { date } = claim.expected;
  const finding = ofKind(findings, 'onset').find((each) => each.subject === claim.subject);
  if (finding === undefined) return [open(`${claim.subject} was not seen often enough to look for an onset`)];
  if (finding.verdict === 'insufficient-data') return [verdictPart('supported', finding)];
  if (finding.verdict === 'not-supported' || finding.date === null) return [refuted(finding.statement, finding)];
  if (date === undefined) return [holds(finding.statement, finding)];
  const [low, high] = finding.dateInterval ?? [finding.date, finding.date];
  const unit = claim.metric === undefined ? ' The date was compared; what the claim counts a day it does not say.' : '';
  const part = (date >= low && date <= high ? holds : refuted)(`${finding.statement}${unit}`, finding);
  return [{ ...part, caveats: claim.subject === 'category:crypto' ? coinCaveats(findings) : [] }];
};

/** What limits any word on coins: a node is no miner, and flows tell no hash rate. */
function coinCaveats(findings: readonly Finding[]): Caveat[] {
  const all = ofKind(findings, 'cryptocurrency').flatMap(({ caveats }) => caveats);
  return ['node-is-no-miner', 'no-hash-rate'].flatMap((id) => all.find((caveat) => caveat.id === id) ?? []);
}

const obfuscationRule: ClaimRule = (claim, findings) => {
  const technique = subjectPart(claim, 'technique') ?? 'all';
  const [low, high] = claim.expected.interval ?? [];
  if (typeof low !== 'number' || typeof high !== 'number') return [];
  const found = ofKind(findings, 'obfuscation').filter(
    (each) => each.technique === technique && (claim.metric === undefined || each.metric === claim.metric),
  );
  const parts = acrossMetrics(
    found.map((finding) => {
      const metric = finding.metric ?? '';
      const told = `the share by ${metric} is ${formatShare(finding.share)} (95 % interval ${formatShareInterval(finding.interval)})`;
      const { interval } = finding;
      if (finding.share === null || interval === null || finding.verdict === 'insufficient-data')
        return { metric, ...open(told, finding) };
      if (interval[0] > high || interval[1] < low) return { metric, ...refuted(told, finding) };
      const inside = interval[0] >= low && interval[1] <= high;
      return {
        metric,
        ...(inside ? holds(told, finding) : open(`${told}, which reaches beyond the stated one`, finding)),
      };
    }),
  );
  return parts.map((part) => ({ ...part, caveats: [INSIDE_NOT_SEEN] }));
};

const INSIDE_NOT_SEEN: Caveat = {
  id: 'inside-not-seen',
  text: 'The share was compared. What was reached through an encrypted tunnel, and with which device, flows do not tell.',
};

const watchListRule: ClaimRule = (claim, findings, frame) => {
  const lists = claim.subject.split(',');
  const found = ofKind(findings, 'watch-list').filter((each) => lists.includes(each.list));
  const parts: ClaimPart[] = [];
  const { value, list = [] } = claim.expected;
  for (const finding of found) {
    if (finding.verdict === 'insufficient-data') parts.push(verdictPart('supported', finding));
    else if (typeof value === 'number') {
      const share = finding.shareOfDays ?? 0;
      const told =
        `list ${finding.list} was met on ${formatCounted(finding.daysActive, 'day')}, ${formatShare(share)} of those observed ` +
        `(95 % interval ${formatShareInterval(finding.interval)}); so often as stated is taken as on at least ${formatShare(value * DAILY_SHARE)}`;
      parts.push((share >= value * DAILY_SHARE ? holds : refuted)(told, finding));
    } else parts.push(verdictPart('supported', finding));
  }
  for (const service of list) parts.push(usedPart(frame, service));
  return parts;
};

const reconnaissanceRule: ClaimRule = (claim, findings, frame) => {
  const outbound = ofKind(findings, 'reconnaissance').filter((each) => each.direction === 'outbound');
  const [first] = outbound;
  if (first === undefined) return [open('no detector of probes was run')];
  const found = outbound.filter((each) => each.verdict === 'supported');
  if (found.length === 0) return [verdictPart(claim.expected.verdict ?? 'supported', first)];
  const why = found.map((each) => each.statement).join(' ');
  const isNamed = found.some(({ targetClasses }) => Object.keys(targetClasses).some((each) => each !== 'unknown'));
  const ofWhom = claim.subject.startsWith('list:') && !isNamed;
  return [
    ofWhom
      ? open(`${why} None of the targets is known as an institution, so whose they are cannot be told`, ...found)
      : (claim.expected.verdict === 'not-supported' ? refuted : holds)(why, ...found),
    // Whom the probes went to is told by name only where names were seen.
    ...(claim.expected.list ?? []).map((service): ClaimPart => {
      const part = usedPart(frame, service);
      return part.verdict === 'refuted' ? open(part.why) : part;
    }),
  ];
};

const maliciousActivityRule: ClaimRule = (claim, findings, frame) => {
  const [finding] = ofKind(findings, 'malicious-activity');
  if (finding === undefined) return [open('no detector was run')];
  const expected = claim.expected.verdict ?? 'not-supported';
  if (finding.verdict === 'supported' && expected === 'not-supported') {
    // A shape that harmless programs have too refutes no absence of malice; nor is there none to be seen.
    return [
      open(
        `${finding.statement} Whether any of it is malicious, and so the absence of it, is not told by shapes`,
        finding,
      ),
    ];
  }
  if (finding.verdict !== 'not-supported') return [verdictPart(expected, finding)];
  const idle = finding.detectors.filter((detector) => !detector.ran).map(({ id }) => id);
  const coarse = coarseSampling(frame);
  if (idle.length > 0) return [open(`${formatList(idle)} could not be looked for`, finding)];
  if (coarse !== undefined) return [open(`at sampling 1:${coarse} most of it would not be seen`, finding)];
  return [holds(`${finding.statement} What is smaller than each detector can see is not ruled out.`, finding)];
};

const hostProfileRule: ClaimRule = (claim, findings, frame) => {
  const { date, list = [] } = claim.expected;
  if (date === undefined) return [];
  const day = frame.days.find((each) => dateOf(each) === date);
  if (day === undefined) return [open(`${date} is not covered by the evidence`)];
  const profiles = ofKind(findings, 'host-profile').flatMap((finding) =>
    finding.days.filter((each) => each.date === date).map((each) => ({ finding, sequence: each.sequence })),
  );
  const met = profiles.map(({ finding, sequence }) => ({
    finding,
    services: list.flatMap((service) => {
      const first = sequence.find((each) => each.service === service);
      return first === undefined ? [] : `${service} (from ${first.from})`;
    }),
  }));
  const best = met.toSorted((x, y) => y.services.length - x.services.length)[0];
  if (best === undefined || best.services.length === 0) {
    return [refuted(`no host met any of ${formatList(list)} on ${date}`, ...profiles.map(({ finding }) => finding))];
  }
  const told =
    `on ${date} (${frame.profile.timeZone}) host ${best.finding.host} met ${formatList(best.services)}; ` +
    'whether one person did is not seen';
  const part = (best.services.length === list.length ? holds : refuted)(told, best.finding);
  return [{ ...part, figure: { value: best.services.length, unit: 'services met of those named' } }];
};

const serverInventoryRule: ClaimRule = (claim, findings, frame) => {
  const range = subjectPart(claim, 'range');
  const finding = ofKind(findings, 'server-inventory').find((each) => each.range === range);
  if (finding === undefined) return [open(`range ${range ?? ''} was not looked at`)];
  const block = parseBlock(frame.profile.ranges.find(({ label }) => label === range)?.cidr ?? '');
  const hosts = ofKind(findings, 'host-profile').filter(({ host }) => {
    const address = parseAddress(host);
    return block !== null && address !== null && blockContains(block, ...address);
  });
  const part = verdictPart(claim.expected.verdict ?? 'supported', finding);
  const why = part.why.replace(/\.$/, '');
  return [{ ...part, why: `${why}; at least ${formatCounted(hosts.length, 'host')} of the range opened activity` }];
};

const periodComparisonRule: ClaimRule = (claim, findings, frame) => {
  const window = windowParts(claim, frame).filter(({ verdict }) => verdict !== 'holds');
  if (window.length > 0) return window;
  const { value } = claim.expected;
  const found = ofKind(findings, 'period-comparison').filter((each) => each.subject === claim.subject);
  if (typeof value !== 'number') return [];
  if (found.length === 0) return [open(`no two periods could be compared for ${claim.subject}`)];
  return found.map((finding) => {
    const part = compareNumber(claim, value, finding, `the change of ${claim.subject}`);
    return withStated(part, claim, figureOf(finding, value));
  });
};

export const CLAIM_RULES: Readonly<Partial<Record<string, ClaimRule>>> = {
  coverage: coverageRule,
  'activity-share': activityShareRule,
  'service-ranking': serviceRankingRule,
  'daily-rhythm': dailyRhythmRule,
  'event-association': eventAssociationRule,
  'foreign-presence': foreignPresenceRule,
  onset: onsetRule,
  obfuscation: obfuscationRule,
  'watch-list': watchListRule,
  reconnaissance: reconnaissanceRule,
  'malicious-activity': maliciousActivityRule,
  'host-profile': hostProfileRule,
  'server-inventory': serverInventoryRule,
  'period-comparison': periodComparisonRule,
};
