import { clockTime, dateOfDay, dayNumber } from '../../shared/calendar.ts';
import { countryInWords } from '../../shared/country-name.ts';
import { formatAddress, parseAddress } from '../../shared/address.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding, HostProfileFinding } from '../../shared/finding.ts';
import { findingChart } from '../../shared/finding-chart.ts';
import { formatBytes, formatCount, formatCounted } from '../../shared/number-format.ts';
import { HOST_PAGES, REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import { ZoneClock } from '../../shared/time.ts';
import { KeptSelection } from '../casefile/selected-rows.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { summarise } from '../casefile/summary.ts';
import type { Chapter } from './chapter.ts';
import { chartFigure } from './charts.ts';
import { BAR, GRID, INK, PALE, WIDTH, figure, label, line, rect, scaleEnd, svg } from './figures.ts';
import { peersOf } from './host-peers.ts';
import { breakable, commandMarkup, escapeHtml, facts, prose } from './markup.ts';
import type { ReportCase } from './report-case.ts';
import { activityOf, filterMarkup } from './serial-findings.ts';

/** Some hosts one by one: what it is, when it speaks, what it meets. */

const DAY_US = 86_400e6;
const MOST_PEERS = 5;
const MOST_SERVICES = 5;
/** Bars drawn at most; more days share a bar. */
const MOST_BARS = 120;

/**
 * @param chosen addresses; without them the first HOST_PAGES by activity
 */
export function hostsChapter(
  reader: ReportCase,
  findings: readonly Finding[],
  chosen: readonly string[] | undefined,
): Chapter | null {
  const profiles = findings.filter((finding) => finding.kind === 'host-profile');
  if (profiles.length === 0 || chosen?.length === 0) return null;
  const named = chosen === undefined ? null : new Set(chosen.map(canonical));
  const shown =
    named === null
      ? profiles.slice(0, HOST_PAGES)
      : profiles.filter((finding) => named.has(reader.originalOf(finding).host));
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const activity = activityOf(findings);
  const filters =
    activity === '' ? '' : ` In filters <code>ACTIVITY</code> stands for <code>${commandMarkup(activity)}</code>.`;
  const rest = profiles.length - shown.length;
  const unknown = (named?.size ?? 0) - shown.length;
  const told = [
    named === null
      ? 'Hosts of the ranges that opened most activity flows, the busiest first'
      : `${formatCounted(shown.length, 'host')}, by choice`,
    rest > 0 ? `; not told here: ${formatCounted(rest, 'further host')} with a profile` : '',
    unknown > 0 ? `; no profile: ${formatCounted(unknown, 'chosen host')}` : '',
  ];
  return {
    title: REPORT_CHAPTERS.hosts,
    ownPage: true,
    markup: `<p>${told.join('')}. An address is not a person: several devices may stand behind it, and one device may change its address.${filters}</p>
${shown.map((finding) => article(reader, finding, coverage?.coverage ?? finding.coverage, activity)).join('\n')}`,
  };
}

function canonical(address: string): string {
  const words = parseAddress(address);
  return words === null ? address : formatAddress(...words);
}

function article(
  reader: ReportCase,
  finding: HostProfileFinding,
  window: Finding['coverage'],
  activity: string,
): string {
  const { counted } = reader;
  const selection = new KeptSelection(compileFilter(parseFilter(reader.originalOf(finding).where), counted));
  const days = summarise(counted, { by: ['day'], metric: 'flows', selection });
  const hours = summarise(counted, { by: ['hour'], metric: 'flows', selection });
  const chart = findingChart(finding);
  const devices = finding.devices.map(
    ({ kind, why }) => `${escapeHtml(kind)} <span class="quiet">${breakable(why)}</span>`,
  );
  return `<article class="host">
<div class="host-figures">
<h3>${escapeHtml(finding.title)}</h3>
<p class="statement">${prose(finding.statement)}</p>
${facts([['Devices', devices.length === 0 ? 'nothing tells of any' : devices.join('<br>')]], 'details')}
${whenFigure(finding, days, hours, window, reader.profile.timeZone)}
${chart === null ? '' : chartFigure(chart, `${finding.title}: hours of some days`)}
</div>
<div class="host-tables">${servicesOf(finding)}${peerTable(reader, selection)}</div>
<p class="flows"><span class="quiet">Flows</span> <code>${filterMarkup(finding.where, activity)}</code>, <span class="quiet">finding</span> <span class="mono">${escapeHtml(finding.id)}</span></p>
</article>`;
}

/** Flows of each local day on the left, by local hour on the right. */
function whenFigure(
  finding: HostProfileFinding,
  days: readonly { day?: unknown; value: number }[],
  hours: readonly { hour?: unknown; value: number }[],
  { from, to }: Finding['coverage'],
  timeZone: string,
): string {
  const numbers = days.flatMap(({ day }) => (typeof day === 'string' ? [dayNumber(day)] : []));
  const clock = new ZoneClock(timeZone);
  for (const time of [from, to]) {
    const us = time === null ? NaN : Date.parse(time) * 1000;
    if (!Number.isNaN(us)) numbers.push(Math.floor(us / DAY_US + clock.offsetMinutes(us) / 1440));
  }
  const first = Math.min(...numbers);
  const step = Math.ceil((Math.max(...numbers) - first + 1) / MOST_BARS);
  const daily = Array.from({ length: Math.ceil((Math.max(...numbers) - first + 1) / step) }, () => 0);
  for (const { day, value } of days) {
    if (typeof day === 'string') daily[Math.floor((dayNumber(day) - first) / step)] += value;
  }
  const hourly = Array.from({ length: 24 }, () => 0);
  for (const { hour, value } of hours) hourly[Number(hour)] += value;
  const { activeHours } = finding;
  const isActive = (hour: number): boolean => {
    if (activeHours === null) return false;
    const { from: begin, to: end } = activeHours;
    return begin < end ? hour >= begin && hour < end : hour >= begin || hour < end;
  };
  const active =
    activeHours === null
      ? 'Active hours cannot be told'
      : `Dark: active hours, ${clockTime(activeHours.from)} to ${clockTime(activeHours.to)}`;
  const middle = 420;
  const [top, bottom] = [6, 56];
  const bars = (values: readonly number[], left: number, right: number, isDark: (i: number) => boolean): string => {
    const most = scaleEnd(Math.max(1, ...values));
    let body = '';
    for (const value of [most / 2, most]) {
      const y = bottom - ((bottom - top) * value) / most;
      body += line(left, y, right, y, GRID) + label(left - 5, y + 3, formatCount(Math.round(value)), 'end', true);
    }
    const width = (right - left) / values.length;
    values.forEach((value, i) => {
      const height = ((bottom - top) * value) / most;
      if (value > 0) body += rect(left + i * width, bottom - height, width * 0.85, height, isDark(i) ? BAR : PALE);
    });
    return body + line(left, bottom, right, bottom, INK);
  };
  const body =
    bars(daily, 40, middle - 16, () => true) +
    label(40, bottom + 13, dateOfDay(first), 'start', true) +
    label(middle - 16, bottom + 13, dateOfDay(first + daily.length * step - 1), 'end', true) +
    bars(hourly, middle + 36, WIDTH, isActive) +
    [0, 6, 12, 18]
      .map((hour) =>
        label(middle + 36 + ((WIDTH - middle - 36) * hour) / 24, bottom + 13, clockTime(hour), 'start', true),
      )
      .join('');
  return figure(
    `Activity flows: left of each ${step === 1 ? 'local day' : `${formatCount(step)} local days`}, right by local hour ` +
      `(${timeZone}), as counted. ${active}.`,
    svg(bottom + 18, `${finding.title}: flows by day and by hour`, body),
  );
}

function servicesOf({ topServices }: HostProfileFinding): string {
  const rows = topServices
    .slice(0, MOST_SERVICES)
    .map(
      ({ service, flows, daysActive }) =>
        `<tr><td>${escapeHtml(service)}</td><td class="number">${formatCount(flows)}</td><td class="number">${formatCount(daysActive)}</td></tr>`,
    );
  if (rows.length === 0) return '<p class="quiet">No named service was met.</p>';
  return `<div><h4>Services met most</h4><table><thead><tr><th>Service</th><th class="number">Flows</th><th class="number">Days</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function peerTable(reader: ReportCase, selection: KeptSelection): string {
  const { peers, all } = peersOf(reader.counted, selection, MOST_PEERS);
  const rows = peers
    .filter(({ address }) => !reader.leavesOut(address))
    .map(({ address, flows, bytes, country, organisation }) => {
      const place = [country === null ? '' : countryInWords(country), reader.text(organisation ?? '')];
      return (
        `<tr><td class="address">${escapeHtml(reader.text(address))}</td><td>${escapeHtml(place.filter((part) => part !== '').join(', '))}</td>` +
        `<td class="number">${formatCount(flows)}</td><td class="number">${formatBytes(bytes)}</td></tr>`
      );
    });
  const of = all > rows.length ? `, ${formatCount(rows.length)} of ${formatCount(all)}` : '';
  return `<div><h4>Peers met most${of}</h4><table><thead><tr><th>Peer</th><th>Country, network</th><th class="number">Flows</th><th class="number">Bytes</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
