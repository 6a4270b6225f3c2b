import { describe, expect, it } from 'vitest';
import { shippedProfiles } from '../../electron/engine/shipped-profiles.ts';
import { checkDraft, draftOf, type ProfileDraft } from '../../renderer/state/profile-draft.ts';
import type { Profile } from '../../shared/profile.ts';

const dprk = shippedProfiles().find(({ name }) => name === 'dprk-2017') as Profile;
const faultsOf = (change: Partial<ProfileDraft>): Record<string, string> =>
  Object.fromEntries(checkDraft({ ...draftOf(dprk), ...change }, dprk).faults);
const [range = {}, ...ranges] = draftOf(dprk).ranges;

describe('a profile that is typed', () => {
  it('is the same profile where nothing is changed', () => {
    for (const profile of shippedProfiles()) {
      expect(checkDraft(draftOf(profile), profile)).toEqual({ profile, faults: new Map() });
    }
  });

  it('takes what was typed without blanks around it, and leaves out what may be empty', () => {
    const { profile } = checkDraft(
      {
        ...draftOf(dprk),
        ranges: [{ label: ' own ', cidr: ' 192.0.2.0/24', from: '2017-05-01', to: '', note: '', source: ' ' }],
        servers: '\n 192.0.2.1 \n\n192.0.2.2\n',
        groups: [{ name: 'play', members: 'gaming\n streaming ' }],
      },
      dprk,
    );
    expect(profile).toMatchObject({
      ranges: [{ label: 'own', cidr: '192.0.2.0/24', from: '2017-05-01' }],
      servers: ['192.0.2.1', '192.0.2.2'],
      groups: { play: ['gaming', 'streaming'] },
      claims: dprk.claims,
    });
    expect(profile?.ranges[0]).not.toHaveProperty('note');
  });

  it('tells each fault at its field', () => {
    expect(faultsOf({ timeZone: 'Mars/Olympus', name: ' ' })).toEqual({
      name: 'it is missing',
      timeZone: 'not an IANA time zone',
    });
    expect(
      faultsOf({ ranges: [{ ...range, cidr: '' }, { ...range, from: '2017-02-01', to: '2017' }, ...ranges] }),
    ).toEqual({ 'ranges.0.cidr': 'it is missing', 'ranges.1.to': 'not a date (YYYY-MM-DD)' });
    expect(faultsOf({ ranges: [{ ...range, from: '2017-02-01', to: '2017-01-31' }] })).toEqual({
      'ranges.0.to': 'it ends before it begins',
    });
    expect(faultsOf({ servers: '192.0.2.1\n192.0.2.300' })).toEqual({
      servers: 'line 2: not an address or CIDR block',
    });
    expect(
      faultsOf({
        groups: [
          { name: 'a', members: 'gaming' },
          { name: 'a', members: 'streaming' },
        ],
      }),
    ).toEqual({ 'groups.1.name': 'another one bears this name' });
    const [event = {}] = draftOf(dprk).events;
    expect(faultsOf({ events: [{ ...event, time: '2017-05-14', uncertaintyMinutes: 'a day' }] })).toEqual({
      'events.0.time': 'not an ISO 8601 time with zone',
      'events.0.uncertaintyMinutes': 'it is no number of minutes',
    });
    const [claim = {}] = draftOf(dprk).claims;
    expect(faultsOf({ claims: [{ ...claim, expected: '{' }] })).toEqual({
      'claims.0.expected': 'it is no JSON, such as {"value": 0.65}',
    });
  });
});
