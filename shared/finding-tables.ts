import type { Finding, ForeignPresenceFinding } from './finding.ts';
import { formatBytes, formatCount, formatShare } from './number-format.ts';

/** What a finding of each kind holds besides its value, as tables of plain text: report and window print the same. */

export interface FindingTable {
  readonly caption: string;
  readonly heads: readonly { readonly name: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

/** Heads as `Name` or `#Name`; the latter stands over numbers. */
function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): FindingTable[] {
  if (rows.length === 0) return [];
  return [
    {
      caption,
      heads: heads.map((head) => ({ name: head.replace(/^#/, ''), isNumber: head.startsWith('#') })),
      rows,
    },
  ];
}

/** `category:crypto` as `category crypto`. */
function subjectInWords(subject: string): string {
  return subject.replace(':', ' ');
}

/** What a finding is about, short enough for a list of findings of its kind. */
export function findingSubject(finding: Finding): string {
  switch (finding.kind) {
    case 'claim-check':
      return `${finding.claim.id}: ${finding.claim.text}`;
    case 'activity-share':
      return `${finding.group}, by ${finding.metric}`;
    case 'service-ranking':
      return finding.category === null && finding.country === null
        ? 'all activity'
        : [finding.category, finding.country].filter((part) => part !== null).join(', ');
    case 'daily-rhythm':
    case 'weekly-rhythm':
      return `by ${finding.metric ?? 'flows'}`;
    case 'event-association':
      return finding.eventKind;
    case 'foreign-presence':
      return finding.country;
    case 'onset':
      return subjectInWords(finding.subject);
    case 'obfuscation':
      return finding.metric === null ? finding.technique : `${finding.technique}, by ${finding.metric}`;
    case 'cryptocurrency':
      return finding.coin === null ? finding.role : `${finding.role}, ${finding.coin}`;
    case 'watch-list':
      return finding.list;
    case 'reconnaissance':
      return finding.source === null ? finding.direction : `${finding.direction}: ${finding.source}`;
    case 'beacon':
      return finding.host === null ? 'none' : `${finding.host} → ${finding.peer ?? ''}`;
    case 'host-profile':
      return finding.host;
    case 'server-inventory':
      return finding.range ?? 'all ranges';
    case 'period-comparison':
      return `${subjectInWords(finding.subject)}${finding.metric === 'bytes' ? ', by bytes' : ''}, from ${finding.periods[1].from}`;
    default:
      return finding.title;
  }
}

/** The country tables of a presence where they do not all say the same. */
function tablesThatDiffer({ byTable = [] }: ForeignPresenceFinding): NonNullable<ForeignPresenceFinding['byTable']> {
  const says = byTable.map(
    ({ share, withoutGlobalServices, flagged }) => `${share} ${withoutGlobalServices} ${flagged}`,
  );
  return new Set(says).size < 2 ? [] : byTable;
}

/** The particulars of a finding; none for kinds that have a figure or table of their own. */
export function findingTables(finding: Finding): FindingTable[] {
  switch (finding.kind) {
    case 'foreign-presence':
      return [
        ...table(
          'Local organisations met',
          ['Organisation', 'Class', '#Days'],
          finding.localOrganisations.map((each) => [each.name, each.class, formatCount(each.daysActive)]),
        ),
        ...table(
          'Where each country table places the peers that it knows',
          ['Table', 'Of', '#Share', '#Without global services', 'Presence'],
          tablesThatDiffer(finding).map((each) => [
            each.table,
            each.date ?? 'not dated',
            formatShare(each.share),
            formatShare(each.withoutGlobalServices),
            each.flagged ? 'told' : 'not told',
          ]),
        ),
      ];
    case 'onset':
      return [
        ...table(
          'Stretches of days at one level',
          ['From', 'To', '#Flows a day'],
          finding.episodes.map((each) => [each.from, each.to, perDay(each.perDay)]),
        ),
        ...table(
          'Events within three days of the date (timing only)',
          ['Time (UTC)', 'Event', 'Kind'],
          finding.nearbyEvents.map((each) => [toSecond(each.time), each.label, each.kind]),
        ),
      ];
    case 'watch-list':
      return table(
        'Members met',
        ['Member', '#Days', '#Flows'],
        finding.members.map((each) => [each.member, formatCount(each.daysActive), formatCount(each.flows)]),
      );
    case 'reconnaissance':
      return [
        ...table(
          'Targets by class',
          ['Class', '#Targets'],
          Object.entries(finding.targetClasses).map(([name, count]) => [name, formatCount(count)]),
        ),
        ...table(
          'Sources',
          ['Source', 'Shape', '#Targets', 'Ports', 'From (UTC)', 'To (UTC)'],
          finding.sources.map((each) => [
            each.source,
            each.shape,
            formatCount(each.targets),
            someOf(each.targetPorts),
            toSecond(each.from),
            toSecond(each.to),
          ]),
        ),
      ];
    case 'malicious-activity':
      return table(
        'Detectors',
        ['Detector', 'Ran', '#Hosts', 'Which', 'Decides', 'Least that it would have found'],
        finding.detectors.map((each) => [
          each.id,
          each.ran ? 'yes' : 'no',
          formatCount(each.hits),
          someOf(each.hosts),
          each.decides ? 'yes' : 'no',
          each.minimumDetectable,
        ]),
      );
    case 'coverage':
      return table(
        'What the evidence says that it lost',
        ['Kind', '#Lost', '#Share of what was sent', '#Files'],
        (finding.losses ?? []).map((each) => [
          each.kind,
          formatCount(each.lost),
          formatShare(each.share),
          formatCount(each.files),
        ]),
      );
    case 'host-profile':
      return [
        ...table(
          'What kind of device, and why',
          ['Device', 'Why'],
          finding.devices.map((each) => [each.kind, each.why]),
        ),
        ...table(
          'Services',
          ['Service', '#Flows', '#Days'],
          finding.topServices.map((each) => [each.service, formatCount(each.flows), formatCount(each.daysActive)]),
        ),
      ];
    case 'server-inventory':
      return table(
        'Servers',
        ['Address', 'Protocol', '#Port', 'First seen (UTC)', 'Last seen (UTC)', '#Clients'],
        finding.servers.map((each) => [
          each.address,
          each.protocol,
          String(each.port),
          toSecond(each.firstSeen),
          toSecond(each.lastSeen),
          formatCount(each.clients),
        ]),
      );
    case 'period-comparison':
      return [
        ...table(
          'Either period, per observed day',
          ['From', 'To', finding.metric === 'bytes' ? '#Bytes a day' : '#Flows a day', '#Share of activity'],
          finding.periods.map((period, i) => {
            const value = finding.perDay[i] ?? 0;
            return [
              period.from,
              period.to,
              finding.metric === 'bytes' ? formatBytes(value) : perDay(value),
              formatShare(finding.shares[i] ?? null),
            ];
          }),
        ),
        ...table(
          'Took its place',
          ['Subject'],
          finding.substitutedBy.map((each) => [subjectInWords(each)]),
        ),
      ];
    default:
      return [];
  }
}

function perDay(value: number): string {
  return value < 10 ? value.toFixed(1) : formatCount(Math.round(value));
}

/** The first three of many, and how many more there are. */
function someOf(names: readonly string[]): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

/** `2017-05-08T18:40:00.000000Z` as `2017-05-08 18:40:00`; its column's head says that it is UTC. */
export function toSecond(instant: string): string {
  return instant.replace('T', ' ').replace(/(\.\d+)?Z$/, '');
}
