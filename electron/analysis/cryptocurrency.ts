import type { CaseReader, SegmentInfo, StoredService } from '../casefile/case-reader.ts';
import { filterValue } from '../../shared/activity.ts';
import type { Caveat, CryptocurrencyFinding } from '../../shared/finding.ts';
import { LABEL_EVIDENCE } from '../../shared/flow.ts';
import { formatCount, formatCounted } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  MOST_BLOCKS,
  RESAMPLES,
  SEED,
  baseOf,
  byBlock,
  caseWindow,
  hasActivity,
  sum,
  verdictOf,
  toldInterval,
} from './analysis-frame.ts';
import { activityCaveats } from './caveats.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { SubjectDays } from './subject-days.ts';

/** Dealings with cryptocurrencies, by the role that they show. */

type Role = CryptocurrencyFinding['role'];

/** Days on which a role must be seen before it counts. */
const MINIMUM_SEEN_DAYS = 2;
/** Sessions of one host with one pool on one day from which on several miners behind it are suspected. */
const PROXY_SESSIONS = 50;

const BY_BEHAVIOUR = LABEL_EVIDENCE.indexOf('behaviour');
const MINING_PROTOCOLS: ReadonlySet<string> = new Set(['stratum']);
/** The coin that a peer-to-peer protocol belongs to. */
const COIN_OF_PROTOCOL: Readonly<Record<string, string>> = {
  bitcoin: 'bitcoin',
  ethereum: 'ethereum',
  monero: 'monero',
  nano: 'nano',
};
const ROLE_OF_SUBCATEGORY: Readonly<Record<string, Role>> = {
  mining: 'pool-mining',
  node: 'node-activity',
  exchange: 'wallet-or-exchange',
  wallet: 'wallet-or-exchange',
  explorer: 'wallet-or-exchange',
};

interface Subject {
  readonly role: Role;
  readonly coin: string | null;
}

const ROLES: readonly Role[] = ['node-activity', 'pool-mining', 'wallet-or-exchange'];
/** Each role with all coins together comes first. */
const SUBJECTS: readonly Subject[] = [
  ...ROLES.map((role) => ({ role, coin: null })),
  ...Object.values(COIN_OF_PROTOCOL).map((coin): Subject => ({ role: 'node-activity', coin })),
];

/** Gathers activity flows of category crypto, by role and coin. */
class CryptocurrencyCollector implements FlowCollector {
  readonly subjects = new SubjectDays();
  readonly hosts = new AddressNumbers();
  /** Services met in each role. */
  readonly services = new Map<Role, Set<string>>(ROLES.map((role) => [role, new Set()]));
  /** Flows that only behave like mining. */
  byBehaviour = 0;
  /** Sessions of each day, host and pool. */
  readonly sessions = new Map<string, number>();
  #known: ReadonlyMap<string, StoredService> | null = null;
  #clock: ZoneClock | null = null;

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const crypto = reader.termNumber('crypto');
    if (crypto === null) return;
    const category = reader.column(segment, 'category');
    if (!category.includes(crypto)) return;
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const known = (this.#known ??= reader.services());
    const start = reader.column(segment, 'start');
    const protocol = reader.column(segment, 'protocol');
    const evidence = reader.column(segment, 'labelEvidence');
    const service = reader.column(segment, 'service');
    const initiator = reader.column(segment, 'initiator');
    const sampling = reader.column(segment, 'sampling');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    for (let row = 0; row < segment.rows; row++) {
      if (activity[row] === 0 || category[row] !== crypto || !(start[row] >= 0)) continue;
      const spoken = reader.term(protocol[row]) ?? '';
      const named = reader.term(service[row]);
      const isBehaviour = evidence[row] === BY_BEHAVIOUR;
      const { role, coin } = isBehaviour
        ? { role: 'pool-mining' as const, coin: null }
        : subjectOf(spoken, named === null ? undefined : known.get(named));
      const day = Math.floor(clock.localHour(start[row]) / 24);
      const host = this.hosts.number(initiator, row * 4);
      const flows = sampling[row] || 1;
      const bytes = (bytesOut[row] + bytesIn[row]) * flows;
      SUBJECTS.forEach((subject, number) => {
        if (subject.role === role && (subject.coin === null || subject.coin === coin)) {
          this.subjects.add(number, day, host, flows, bytes);
        }
      });
      if (named !== null) this.services.get(role)?.add(named);
      if (isBehaviour) this.byBehaviour += flows;
      if (role === 'pool-mining') {
        const session = `${day} ${host} ${named ?? ''}`;
        this.sessions.set(session, (this.sessions.get(session) ?? 0) + flows);
      }
    }
  }
}

function subjectOf(protocol: string, service: StoredService | undefined): Subject {
  if (MINING_PROTOCOLS.has(protocol)) return { role: 'pool-mining', coin: null };
  const coin = COIN_OF_PROTOCOL[protocol];
  if (coin !== undefined) return { role: 'node-activity', coin };
  return { role: ROLE_OF_SUBCATEGORY[service?.subcategory ?? ''] ?? 'wallet-or-exchange', coin: null };
}

/**
 * One finding a role, and one a coin whose own protocol was seen: `node-activity` (the peer-to-peer protocol of a coin, or its
 * seed names), `pool-mining` (Stratum, or the name of a pool), `wallet-or-exchange` (sites of wallets, exchanges and
 * explorers, by name). A node is no miner. Ports alone decide nothing.
 *
 * `value` and `perDay` are activity flows a day with activity, with the day-block bootstrap interval (Carlstein, Ann. Statist.
 * 14, 1986; bias-corrected and accelerated: Efron, JASA 82, 1987). `supported`: seen on at least 2 days. `not-supported`: activity on at least 7 days,
 * evidence with names or payload, and not so. Mining that most flows only behave like is `insufficient-data`: other programs
 * call one server as regularly.
 */
export function cryptocurrencies(): Analysis {
  const collector = new CryptocurrencyCollector();
  return {
    collector,
    findings: (frame) =>
      SUBJECTS.map((subject, number) => ({ subject, number, series: collector.subjects.series(frame, number) }))
        .filter(({ subject, series }) => subject.coin === null || sum(series) > 0)
        .map(({ subject, number, series }) => dealing(frame, collector, subject, number, series)),
  };
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  'node-activity': 'node activity',
  'pool-mining': 'mining with a pool',
  'wallet-or-exchange': 'dealings with wallets, exchanges or explorers',
};

function dealing(
  frame: AnalysisFrame,
  collector: CryptocurrencyCollector,
  { role, coin }: Subject,
  number: number,
  series: Float64Array,
): CryptocurrencyFinding {
  const active = frame.days.map(hasActivity);
  const activeDays = active.filter(Boolean).length;
  const daysActive = series.filter((flows) => flows > 0).length;
  const flows = sum(series);
  const hosts = collector.subjects.hosts(number).length;
  const perDay = activeDays === 0 ? null : flows / activeDays;
  const interval =
    flows === 0
      ? null
      : toldInterval(
          frame,
          'flows',
          ratioInterval(
            frame.resamples,
            byBlock(frame, (_, i) => series[i]),
            byBlock(frame, (_, i) => Number(active[i])),
            'rate',
          ),
        );
  const blind = frame.missing.names;
  const caveats: Caveat[] = [...blind];
  const isSeen = daysActive >= MINIMUM_SEEN_DAYS;
  const isLikeness = role === 'pool-mining' && collector.byBehaviour * 2 > flows;
  const isEnough = activeDays >= MINIMUM_DAYS;
  if (!isSeen && !isEnough) {
    caveats.push({
      id: 'too-little-data',
      text: `Activity was seen on ${formatCounted(activeDays, 'day')}; at least ${MINIMUM_DAYS} are needed to say that there was none.`,
    });
  }
  if (role === 'node-activity') {
    caveats.push({
      id: 'node-is-no-miner',
      text: 'A node keeps and passes on the chain; whether it mines does not follow from its traffic.',
    });
  }
  if (role === 'pool-mining') {
    if (collector.byBehaviour > 0) {
      caveats.push({
        id: 'by-behaviour',
        text: `${formatCount(collector.byBehaviour)} of the flows only behave like mining: regular small exchanges with one server.`,
      });
    }
    caveats.push({ id: 'no-hash-rate', text: 'Flows do not tell a hash rate, nor what was earned.' });
    const most = Math.max(0, ...collector.sessions.values());
    if (most >= PROXY_SESSIONS) {
      caveats.push({
        id: 'proxy-suspected',
        text:
          `One host opened up to ${formatCount(most)} sessions with one pool on a day: several machines behind one address ` +
          '(a proxy) are possible.',
      });
    }
  }
  if (frame.scaled) {
    caveats.push({ id: 'sampled-small', text: 'In sampled data few and short sessions are mostly missed.' });
  }
  caveats.push(...activityCaveats(frame));
  const what = coin === null ? ROLE_WORDS[role] : `${ROLE_WORDS[role]} of ${coin}`;
  const base = baseOf(frame, {
    kind: 'cryptocurrency',
    subject: coin === null ? role : `${role} ${coin}`,
    title: `Cryptocurrency: ${what}`,
    statement:
      flows === 0
        ? `No activity flow (opened from inside the ranges) shows ${what}, in ${caseWindow(frame)}.`
        : `${formatCount(flows)} activity flows (opened from inside the ranges) of ${formatCounted(hosts, 'host')} ` +
          `${isLikeness ? 'behave like' : 'show'} ${what}, ` +
          `on ${daysActive} of ${activeDays} days with activity (${formatCount(perDay)} a day; ` +
          `${interval === null ? 'no interval is told' : `95 % interval ${interval.map(formatCount).join(' to ')}`}), in ${caseWindow(frame)}.`,
    verdict: isLikeness ? 'insufficient-data' : verdictOf(isSeen, isEnough && blind.length === 0),
    value: perDay,
    interval,
    unit: 'activity flows a day',
    method: {
      name: 'Count by protocol and by named service; accelerated day-block bootstrap interval',
      source: 'Carlstein, Ann. Statist. 14 (1986); Efron, JASA 82 (1987); Hesterberg, Am. Stat. 69 (2015)',
    },
    parameters: {
      role,
      coin,
      timeZone: frame.profile.timeZone,
      minimumSeenDays: MINIMUM_SEEN_DAYS,
      minimumDays: MINIMUM_DAYS,
      proxySessions: PROXY_SESSIONS,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
    },
    metric: 'flows',
    where: `${frame.activity} and category = crypto and ${roleFilter(collector, role, coin)}`,
    numerator: flows,
    denominator: activeDays,
    caveats,
  });
  return { ...base, kind: 'cryptocurrency', role, coin, hosts, perDay: base.value ?? 0, daysActive };
}

/** Filter words for the flows of a role as they were met. */
function roleFilter(collector: CryptocurrencyCollector, role: Role, coin: string | null): string {
  if (coin !== null) {
    const protocols = Object.keys(COIN_OF_PROTOCOL).filter((protocol) => COIN_OF_PROTOCOL[protocol] === coin);
    return `protocol in (${protocols.join(', ')})`;
  }
  const own = Object.keys(role === 'node-activity' ? COIN_OF_PROTOCOL : {});
  if (role === 'pool-mining') own.push(...MINING_PROTOCOLS);
  const services = [...(collector.services.get(role) ?? [])].toSorted().map(filterValue);
  const parts = own.length > 0 ? [`protocol in (${own.join(', ')})`] : [];
  if (services.length > 0) {
    const others = [...Object.keys(COIN_OF_PROTOCOL), ...MINING_PROTOCOLS].join(', ');
    parts.push(`(service in (${services.join(', ')}) and not protocol in (${others}))`);
  }
  if (role === 'pool-mining' && collector.byBehaviour > 0) parts.push('labelEvidence = behaviour');
  return parts.length === 0 ? 'service = "none met"' : `(${parts.join(' or ')})`;
}
