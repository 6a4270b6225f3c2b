import type { PlantedEffect } from '../../../electron/sample/truth.ts';
import { findingsOf, type Judge, verdictRow } from './judged-row.ts';

const PLANTED: Readonly<Record<string, PlantedEffect['effect']>> = {
  'scan-out': 'reconnaissance',
  'spam-fan-out': 'spam',
  'dns-tunnel': 'dns-tunnel',
};

/** Each detector reports the host of what is planted for it, and no other one. */
export const judgeMaliciousActivity: Judge = (findings, truth) =>
  findingsOf(findings, 'malicious-activity').flatMap(({ detectors }) =>
    detectors
      .filter(({ decides }) => decides)
      .flatMap(({ id, hosts }) => {
        const planted = truth.effects.filter(({ effect }) => effect === PLANTED[id]);
        // A scan of the ports that worms spread over has their shape, too.
        const allowed =
          id === 'worm-fan-out' ? truth.effects.filter(({ effect }) => effect === 'reconnaissance') : planted;
        const own = new Set(allowed.map(({ host }) => host));
        const parts = { kind: 'malicious-activity', subject: id, metric: null, item: hosts[0] ?? '' } as const;
        const others = hosts.some((host) => !own.has(host));
        return [
          ...planted.map(({ host }) =>
            verdictRow({ ...parts, measure: `${id} told` }, true, host !== null && hosts.includes(host)),
          ),
          verdictRow({ ...parts, measure: 'other hosts left alone' }, false, others),
        ];
      }),
  );
