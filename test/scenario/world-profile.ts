import type { World } from '../../electron/sample/world.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';

/** The profile with which an examiner would look at a world: its ranges, zone, servers and events; lists as shipped. */
export function profileOf(world: World): Profile {
  const shipped = shippedProfile('dprk-2017');
  const checked = checkProfile({
    name: world.name,
    timeZone: world.timeZone,
    ranges: world.ranges,
    servers: world.servers.filter(({ declared }) => declared).map(({ address }) => address),
    events: world.events.map((event) => ({ ...event, source: 'made up', uncertaintyMinutes: 5 })),
    watchLists: shipped.watchLists,
    globalServices: shipped.globalServices,
    groups: world.groups,
    claims: claimsOf(world),
  });
  if (!checked.ok) throw new RangeError(checked.fault);
  return checked.profile;
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
