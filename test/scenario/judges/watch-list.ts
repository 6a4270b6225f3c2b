import { ALL_SITES, LOCAL_SITES, type Site } from '../../../electron/sample/sites.ts';
import type { WorldTruth } from '../../../electron/sample/truth.ts';
import { findingsOf, type Judge, verdictRow } from './judged-row.ts';

/** Whether each list is told as met where people visit one of its sites, and not for updates and look-ups alone. */
export const judgeWatchLists: Judge = (findings, truth) => {
  const visited = visitedNames(truth);
  return findingsOf(findings, 'watch-list').map(({ list, verdict, parameters }) => {
    const members = Array.isArray(parameters.members) ? parameters.members.map(String) : [];
    const isThere = visited.some((name) =>
      members.some((member) => name === member || name.endsWith(`.${member.toLowerCase()}`)),
    );
    const parts = { kind: 'watch-list', subject: list, measure: 'list met', metric: null, item: list } as const;
    return verdictRow(parts, isThere, verdict === 'supported');
  });
};

/** Host names of the sites that people of the world visit, other than for updates. */
function visitedNames({ quantities, effects }: WorldTruth): string[] {
  const services = new Set(
    quantities.flatMap(({ kind, subject, item, expected }) =>
      kind === 'service-ranking' && subject === 'everything' && expected > 0 ? [item] : [],
    ),
  );
  const sites: Site[] = ALL_SITES.filter(({ service }) => service !== null && services.has(service));
  for (const effect of effects) {
    if (effect.effect !== 'presence') continue;
    sites.push(
      ...LOCAL_SITES.filter(
        ({ country, local }) =>
          country === effect.country &&
          local !== null &&
          (effect.classes === undefined || effect.classes.includes(local)),
      ),
    );
  }
  return sites
    .filter(({ category }) => category !== 'update')
    .flatMap(({ talks }) => talks.flatMap(({ name }) => (name === null ? [] : [name])));
}
