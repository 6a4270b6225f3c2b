import { findingsOf, type Judge, type JudgedRow } from './judged-row.ts';
import type { PlantedEffect } from '../../../electron/sample/truth.ts';

const DAY = 86_400_000;
/** Days by which a date may be off. */
const TOLERANCE = 1;
/** How many times the level before that after is, at the least: changes are told apart by their size. */
const SIZES = [5, 7, 10] as const;

/**
 * Dates of onset, against the first day on which what is planted was carried out. Only a subject whose level changes by five times or more has to be found; what else an effect moves (the
 * category of a service, all at once with the volume) may be told, and is not false.
 */
export const judgeOnsets: Judge = (findings, truth) => {
  const changed = new Map<string, string>();
  for (const effect of truth.effects)
    for (const { subject, date } of subjectsOf(effect)) changed.set(subject, effect.firstSeen ?? date);
  const isAllMoved = truth.effects.some(({ effect }) => effect === 'volume' || effect === 'substitution');
  const rows: JudgedRow[] = [];
  for (const { subject, date, dateInterval, verdict } of findingsOf(findings, 'onset')) {
    const planted = changed.get(subject);
    const isTold = verdict === 'supported' && date !== null;
    const parts = { kind: 'onset', subject, metric: 'flows', item: subject } as const;
    const base = { ...parts, interval: null, isCovered: null };
    if (planted === undefined) {
      if (!isAllMoved) {
        rows.push({
          ...base,
          measure: 'no change',
          truth: 0,
          estimate: isTold ? 1 : 0,
          isFound: null,
          isFalse: isTold,
        });
      }
      continue;
    }
    const level = (item: string): number =>
      truth.quantities.find((each) => each.kind === 'onset' && each.subject === subject && each.item === item)
        ?.expected ?? 0;
    // What an effect adds to a subject that has more than it is not among the planted quantities.
    const size = level('before') === 0 ? Infinity : level('after') / level('before');
    const at = SIZES.findLastIndex((least) => size >= least);
    if (level('after') === 0 || at < 0) continue;
    const off = date === null ? null : Math.round((Date.parse(date) - Date.parse(planted)) / DAY);
    const isFound = isTold && off !== null && Math.abs(off) <= TOLERANCE;
    const most = SIZES[at + 1];
    const times = most === undefined ? `${SIZES[at]} times or more` : `${SIZES[at]} to ${most} times`;
    rows.push({ ...base, measure: `date within a day (${times})`, truth: 0, estimate: off, isFound, isFalse: false });
    if (!isTold || dateInterval === null) continue;
    const isCovered = planted >= dateInterval[0] && planted <= dateInterval[1];
    rows.push({ ...base, measure: 'date', truth: 0, estimate: off, isCovered, isFound: null, isFalse: false });
  }
  return rows;
};

function subjectsOf(effect: PlantedEffect): { subject: string; date: string }[] {
  if (effect.effect === 'crypto' && effect.from !== undefined) {
    const service = {
      'node-activity': 'bitcoin-network',
      'pool-mining': 'slushpool',
      'wallet-or-exchange': 'coinbase',
    };
    return [
      { subject: 'category:crypto', date: effect.from },
      { subject: `service:${service[effect.role]}`, date: effect.from },
    ];
  }
  if (effect.effect === 'onset') {
    const category =
      effect.category === undefined ? [] : [{ subject: `category:${effect.category}`, date: effect.date }];
    const service = effect.service === undefined ? [] : [{ subject: `service:${effect.service}`, date: effect.date }];
    // The category of a service moves with it, by how much depends on the rest of it.
    const around =
      effect.service === undefined
        ? []
        : [{ subject: `category:${CATEGORY[effect.service] ?? ''}`, date: effect.date }];
    return [...category, ...service, ...around];
  }
  if (effect.effect === 'spam' && effect.from !== undefined) return [{ subject: 'category:email', date: effect.from }];
  if (effect.effect === 'dns-tunnel' && effect.from !== undefined)
    return [{ subject: 'category:infra', date: effect.from }];
  return [];
}

const CATEGORY: Readonly<Record<string, string>> = {
  weibo: 'social',
  bbc: 'news',
  wikipedia: 'reference',
  dropbox: 'cloud',
  iqiyi: 'streaming',
};
