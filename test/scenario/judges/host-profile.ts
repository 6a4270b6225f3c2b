import { findingsOf, type Judge, verdictRow } from './judged-row.ts';

/**
 * Whether an address with many people behind it is told as a gateway, one with a single device is not, and none of them is told as
 * a server. Of one person with several devices at one address either may be said.
 */
export const judgeHostProfiles: Judge = (findings, truth) => {
  const hosts = new Set(truth.hosts);
  const gateways = new Set(truth.gateways);
  const singles = new Set(truth.singles);
  return findingsOf(findings, 'host-profile').flatMap(({ host, role, verdict }) => {
    if (!hosts.has(host) || verdict === 'insufficient-data') return [];
    const parts = { kind: 'host-profile', subject: host, metric: null, item: host } as const;
    const rows = [verdictRow({ ...parts, measure: 'no server' }, false, role === 'server')];
    if (gateways.has(host) || singles.has(host)) {
      rows.push(verdictRow({ ...parts, measure: 'gateway' }, gateways.has(host), role === 'gateway'));
    }
    return rows;
  });
};
