import type { World } from '../../electron/sample/world.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';
import { ZoneClock, formatUtc } from '../../shared/time.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';

/** The profile with which an examiner would look at a world: its ranges, zone, servers and events; lists as shipped. */
export function profileOf(world: World): Profile {
  const shipped = shippedProfile('dprk-2017');
  const checked = checkProfile({
    name: world.name,
    timeZone: world.timeZone,
    ranges: world.ranges,
    servers: world.servers.filter(({ declared }) => declared).map(({ address }) => address),
    events: [...world.events, ...periodsOf(world)].map((event) => ({
      ...event,
      source: 'made up',
      uncertaintyMinutes: 5,
    })),
    watchLists: shipped.watchLists,
    globalServices: shipped.globalServices,
    groups: world.groups,
    claims: claimsOf(world),
  });
  if (!checked.ok) throw new RangeError(checked.fault);
  return checked.profile;
}

/** Noon of the days on which something changes for good, as events that divide the window: what an examiner would compare. */
function periodsOf(world: World): World['events'] {
  const clock = new ZoneClock(world.timeZone);
  return world.effects.flatMap((effect) => {
    if (effect.effect !== 'volume' && effect.effect !== 'substitution' && effect.effect !== 'upstream') return [];
    const noon = clock.startOfLocalHour((Date.parse(effect.date) / 86_400_000) * 24 + 12);
    return [{ time: formatUtc(noon), label: `${effect.effect} changes`, kind: 'period' }];
  });
}

/** Claims of which it is known whether they are true, as their ids say; the judge of claim checks goes by these. */
function claimsOf(world: World): unknown[] {
  const planted = world.effects.flatMap((effect) => (effect.effect === 'presence' ? [effect.country] : []));
  const decoys = world.effects.flatMap((effect) => (effect.effect === 'decoy' ? [effect.country] : []));
  const claim = (id: string, kind: string, subject: string, expected: object): object => ({
    id,
    text: `Made up: ${subject}.`,
    source: 'made up',
    kind,
    subject,
    expected,
  });
  return [
    ...(planted.length > 0 ? [claim('true-presence', 'foreign-presence', 'countries', { list: planted })] : []),
    ...(decoys.length > 0 ? [claim('false-presence', 'foreign-presence', 'countries', { list: decoys })] : []),
    claim('false-list', 'watch-list', 'satellite-communications', { verdict: 'supported' }),
  ];
}
