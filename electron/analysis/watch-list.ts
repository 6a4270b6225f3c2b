import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { filterValue } from '../../shared/activity.ts';
import { type AddressBlock, blockContains, parseBlock } from '../../shared/address.ts';
import type { Caveat, WatchListFinding } from '../../shared/finding.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import type { Profile } from '../../shared/profile.ts';
import { ZoneClock } from '../../shared/time.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  baseOf,
  caseWindow,
  hasActivity,
  sum,
  verdictOf,
  shareInterval,
} from './analysis-frame.ts';
import { activityCaveats } from './caveats.ts';
import { wilsonInterval } from './statistics/wilson-interval.ts';
import { SubjectDays } from './subject-days.ts';

/** Sites and networks of the profile's watch lists: on which days they were dealt with. */

/** Days on which a list must be met before it counts as met. */
const MINIMUM_MET_DAYS = 3;
const MOST_NAMES_KEPT = 1 << 18;
/** Host names that a filter lists one by one. */
const MOST_NAMES_IN_FILTER = 200;

interface Member {
  readonly list: number;
  readonly text: string;
}

/** Gathers activity flows that meet a member of a list. */
class WatchListCollector implements FlowCollector {
  readonly lists: readonly string[];
  readonly members: Member[] = [];
  /** By number of the member, and by number of the list: visits; apart from them update traffic and questions to DNS. */
  readonly byMember = new SubjectDays();
  readonly byList = new SubjectDays();
  readonly updates = new SubjectDays();
  /** Questions to DNS about a name of the list, by number of the list: most precede a flow that is counted. */
  readonly questions = new SubjectDays();
  /** Host names under the list's domains that were met, by number of the list. */
  readonly names: Set<string>[];
  readonly #clock: ZoneClock;
  readonly #domains = new Map<string, number[]>();
  readonly #networks = new Map<number, number[]>();
  readonly #blocks: { block: AddressBlock; member: number }[] = [];
  readonly #hosts = new AddressNumbers();
  /** Members that a host name meets. */
  readonly #ofName = new Map<string, readonly number[]>();

  constructor(profile: Profile) {
    this.#clock = new ZoneClock(profile.timeZone);
    this.lists = Object.keys(profile.watchLists);
    this.names = this.lists.map(() => new Set());
    this.lists.forEach((name, list) => {
      for (const text of profile.watchLists[name] ?? []) {
        const member = this.members.push({ list, text }) - 1;
        const block = parseBlock(text);
        const network = NETWORK.exec(text);
        if (block !== null) this.#blocks.push({ block, member });
        else if (network !== null) addTo(this.#networks, Number(network[1]), member);
        else addTo(this.#domains, domainOf(text), member);
      }
    });
  }

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    if (this.members.length === 0) return;
    const name = reader.column(segment, 'name');
    const linked = reader.column(segment, 'linkedName');
    const names = reader.dictionary(segment, 'name');
    const linkedNames = reader.dictionary(segment, 'linkedName');
    const ofName = names.map((text) => this.#membersOf(text));
    const ofLinked = linkedNames.map((text) => this.#membersOf(text));
    const asn = reader.column(segment, 'asn');
    const responder = reader.column(segment, 'responder');
    const initiator = reader.column(segment, 'initiator');
    const start = reader.column(segment, 'start');
    const category = reader.column(segment, 'category');
    const protocol = reader.column(segment, 'protocol');
    const sampling = reader.column(segment, 'sampling');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const update = reader.termNumber('update') ?? -1;
    const dns = reader.termNumber('dns') ?? -1;
    const none: readonly number[] = [];
    for (let row = 0; row < segment.rows; row++) {
      if (activity[row] === 0 || !(start[row] >= 0)) continue;
      const text = name[row] !== 0 ? ofName[name[row] - 1] : linked[row] !== 0 ? ofLinked[linked[row] - 1] : none;
      const network = this.#networks.get(asn[row]) ?? none;
      if (text.length === 0 && network.length === 0 && this.#blocks.length === 0) continue;
      const met = new Set([...text, ...network, ...this.#inBlocks(responder, row * 4)]);
      if (met.size === 0) continue;
      const day = Math.floor(this.#clock.localHour(start[row]) / 24);
      const host = this.#hosts.number(initiator, row * 4);
      const flows = sampling[row] || 1;
      const bytes = (bytesOut[row] + bytesIn[row]) * flows;
      const apart = category[row] === update ? this.updates : protocol[row] === dns ? this.questions : null;
      if (text.length > 0 && apart === null) {
        const hostname = name[row] !== 0 ? names[name[row] - 1] : linkedNames[linked[row] - 1];
        for (const member of text) this.names[this.members[member].list].add(hostname);
      }
      for (const list of new Set([...met].map((member) => this.members[member].list))) {
        (apart ?? this.byList).add(list, day, host, flows, bytes);
      }
      if (apart === null) for (const member of met) this.byMember.add(member, day, host, flows, bytes);
    }
  }

  #inBlocks(words: ArrayLike<number>, at: number): number[] {
    return this.#blocks
      .filter(({ block }) => blockContains(block, words[at], words[at + 1], words[at + 2], words[at + 3]))
      .map(({ member }) => member);
  }

  /** Members that a host name is, or lies under. */
  #membersOf(name: string): readonly number[] {
    const known = this.#ofName.get(name);
    if (known !== undefined) return known;
    const found: number[] = [];
    let rest = name.toLowerCase().replace(/\.$/, '');
    for (;;) {
      found.push(...(this.#domains.get(rest) ?? []));
      const dot = rest.indexOf('.');
      if (dot < 0) break;
      rest = rest.slice(dot + 1);
    }
    if (this.#ofName.size >= MOST_NAMES_KEPT) this.#ofName.clear();
    this.#ofName.set(name, found);
    return found;
  }
}

function addTo<Key>(map: Map<Key, number[]>, key: Key, member: number): void {
  const held = map.get(key);
  if (held === undefined) map.set(key, [member]);
  else held.push(member);
}

/**
 * One finding a watch list: the days of activity on which one of its domains (or names under it), address blocks or networks
 * (`AS123`) was dealt with. Flows of category `update` are told apart: a program that fetches its updates is no one's
 * interest in the firm. So are questions to DNS about such names: programs ask them too, and to ask is not to visit.
 *
 * `value` and `shareOfDays` are the share of the days with activity, its interval Wilson's (JASA 22, 1927). `supported`: met
 * on at least 3 days. `not-supported`: activity on at least 7 days, evidence with names, and not so. Otherwise `insufficient-data`.
 */
export function watchLists(profile: Profile): Analysis {
  const collector = new WatchListCollector(profile);
  return {
    collector,
    findings: (frame) => collector.lists.map((name, list) => watchList(frame, collector, name, list)),
  };
}

function watchList(frame: AnalysisFrame, collector: WatchListCollector, name: string, list: number): WatchListFinding {
  const texts = frame.profile.watchLists[name] ?? [];
  const series = collector.byList.series(frame, list);
  const daysActive = series.filter((flows) => flows > 0).length;
  const activeDays = frame.days.filter(hasActivity).length;
  const flows = sum(series);
  const updates = sum(collector.updates.series(frame, list));
  const questions = sum(collector.questions.series(frame, list));
  const hosts = collector.byList.hosts(list).length;
  const shareOfDays = activeDays === 0 ? null : daysActive / activeDays;
  const interval = activeDays === 0 || frame.scaled ? null : wilsonInterval(daysActive, activeDays, LEVEL);
  const members = collector.members
    .map((member, number) => ({ ...member, series: collector.byMember.series(frame, number) }))
    .filter((member) => member.list === list && sum(member.series) > 0)
    .map((member) => ({
      member: member.text,
      daysActive: member.series.filter((value) => value > 0).length,
      flows: sum(member.series),
    }))
    .toSorted((x, y) => y.flows - x.flows || (x.member < y.member ? -1 : 1));
  const goesByName = texts.some((text) => parseBlock(text) === null && !NETWORK.test(text));
  const blind = goesByName ? frame.missing.names : [];
  const caveats: Caveat[] = [...blind];
  const isMet = daysActive >= MINIMUM_MET_DAYS;
  const isEnough = activeDays >= MINIMUM_DAYS;
  if (!isMet && !isEnough) {
    caveats.push({
      id: 'too-little-data',
      text: `Activity was seen on ${formatCounted(activeDays, 'day')}; at least ${MINIMUM_DAYS} are needed to say that a list was not met.`,
    });
  }
  if (updates > 0) {
    caveats.push({
      id: 'updates-apart',
      text: `${formatCount(updates)} further flows fetch updates (category update); they are not counted here.`,
    });
  }
  if (questions > 0) {
    caveats.push({
      id: 'questions-apart',
      text:
        `${formatCount(questions)} further flows are questions to DNS about names of the list; a question, which a program ` +
        'may ask unbidden, is not counted as a visit.',
    });
  }
  if (frame.scaled) {
    caveats.push({
      id: 'sampled-visits',
      text: 'In sampled data a short visit is mostly missed, so the days on which the list was met are a lower bound.',
    });
  }
  caveats.push({
    id: 'visit-not-purpose',
    text: 'A flow to a listed site tells that it was dealt with, not why; advertising and embedded content count too.',
  });
  caveats.push(...activityCaveats(frame));
  const base = baseOf(frame, {
    kind: 'watch-list',
    subject: name,
    title: `Watch list ${name}`,
    statement:
      flows === 0
        ? `No activity flow (opened from inside the ranges) met watch list ${name}, in ${caseWindow(frame)}.`
        : `Watch list ${name} was met by ${formatCount(flows)} activity flows (opened from inside the ranges) of ` +
          `${formatCounted(hosts, 'host')} on ${daysActive} of ${activeDays} days with activity (${formatShare(shareOfDays)}; ` +
          `${shareInterval(interval)}), in ${caseWindow(frame)}.`,
    verdict: verdictOf(isMet, isEnough && blind.length === 0),
    value: shareOfDays,
    interval,
    unit: 'share of days with activity',
    method: {
      name: 'Count of local days on which a member of the list was met; Wilson interval of the share',
      source: 'Wilson, JASA 22 (1927)',
    },
    parameters: {
      list: name,
      members: texts,
      timeZone: frame.profile.timeZone,
      minimumMetDays: MINIMUM_MET_DAYS,
      minimumDays: MINIMUM_DAYS,
      level: LEVEL,
    },
    metric: null,
    where: `${frame.activity} and not category = update and not protocol = dns and (${membersFilter(texts, collector.names[list])})`,
    numerator: daysActive,
    denominator: activeDays,
    caveats,
  });
  return { ...base, kind: 'watch-list', list: name, daysActive, shareOfDays: base.value, members };
}

/**
 * Filter words for what was met of a list: the host names themselves, so that no other name is selected; where they are too
 * many, names that hold a domain.
 */
function membersFilter(texts: readonly string[], names: ReadonlySet<string>): string {
  const blocks = texts.filter((text) => parseBlock(text) !== null);
  const networks = texts.filter((text) => NETWORK.test(text)).map((text) => text.slice(2));
  const domains = texts.filter((text) => parseBlock(text) === null && !NETWORK.test(text)).map(domainOf);
  const parts: string[] = [];
  if (names.size > MOST_NAMES_IN_FILTER) {
    for (const domain of domains)
      parts.push(`hostname = ${filterValue(domain)} or hostname ~ ${filterValue(`.${domain}`)}`);
  } else if (names.size > 0 || (blocks.length === 0 && networks.length === 0)) {
    const told = names.size > 0 ? [...names].toSorted() : domains;
    parts.push(`hostname in (${told.map(filterValue).join(', ')})`);
  }
  if (blocks.length > 0) parts.push(`responder in (${blocks.join(', ')})`);
  if (networks.length > 0) parts.push(`asn in (${networks.join(', ')})`);
  return parts.join(' or ');
}

const NETWORK = /^AS(\d{1,10})$/i;

function domainOf(text: string): string {
  return text.toLowerCase().replace(/^\*?\./, '');
}
