import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { blockContains, parseAddress } from '../../shared/address.ts';
import { type Profile, blocksOf, checkProfile } from '../../shared/profile.ts';
import { PROTOCOLS, isCategory } from '../../shared/vocabulary.ts';

const PROFILES = join(import.meta.dirname, '../../shared/profiles');

function profile(name: string): Profile {
  const checked = checkProfile(JSON.parse(readFileSync(join(PROFILES, `${name}.json`), 'utf8')));
  if (!checked.ok) throw new Error(checked.fault);
  return checked.profile;
}
function rangeOf(text: string, { ranges }: Profile): string | null {
  const address = parseAddress(text);
  if (address === null) throw new RangeError(text);
  return ranges.find(({ cidr }) => blocksOf([cidr]).some((block) => blockContains(block, ...address)))?.label ?? null;
}
/** Wall-clock time in the profile's zone. */
function localTime(time: string, { timeZone }: Profile): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(new Date(time));
}

const catalogue = Catalogue.load();
const isService = (id: string): boolean => catalogue.service(id) !== null;

describe.each(readdirSync(PROFILES))('%s', (file) => {
  const name = file.replace(/\.json$/, '');
  test('is sound, named as its file, and each label and claim stands once', () => {
    const checked = profile(name);
    expect(checked.name).toBe(name);
    for (const ids of [checked.ranges.map(({ label }) => label), checked.claims.map(({ id }) => id)]) {
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('groups and global services are known words', () => {
    const { groups, globalServices } = profile(name);
    const members = Object.values(groups).flat();
    expect(members.filter((id) => !isCategory(id) && !isService(id))).toEqual([]);
    expect(globalServices.filter((id) => !isService(id))).toEqual([]);
    expect(groups['gaming-and-streaming']).toEqual(['gaming', 'streaming']);
  });

  test('watch lists hold names that the catalogue or a country pattern knows', () => {
    const domains = Object.values(profile(name).watchLists).flat();
    expect(domains.filter((domain) => catalogue.byName(domain) === null)).toEqual([]);
  });
});

describe('dprk-2017', () => {
  const study = profile('dprk-2017');

  test('the three ranges', () => {
    expect(rangeOf('175.45.176.0', study)).toBe('kp-main');
    expect(rangeOf('175.45.179.255', study)).toBe('kp-main');
    expect(rangeOf('175.45.180.0', study)).toBeNull();
    expect(rangeOf('210.52.109.255', study)).toBe('cn-kptc');
    expect(rangeOf('210.52.110.0', study)).toBeNull();
    expect(rangeOf('77.94.35.0', study)).toBe('sat-satgate');
    expect(rangeOf('77.94.34.255', study)).toBeNull();
  });

  test('servers lie in the ranges', () => {
    for (const cidr of study.servers) expect(rangeOf(cidr.split('/')[0] ?? '', study)).toBe('kp-main');
  });

  test('claims S1 to S22 in order, expectations in the form of the contract', () => {
    expect(study.claims.map(({ id }) => id)).toEqual(Array.from({ length: 22 }, (_, i) => `S${i + 1}`));
    for (const { expected } of study.claims) {
      const keys = Object.keys(expected);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(['value', 'interval', 'date', 'list', 'verdict']).toContain(key);
    }
  });

  test('services named in expectations exist', () => {
    const words = study.claims
      .filter(({ kind }) => ['service-ranking', 'watch-list', 'host-profile', 'reconnaissance'].includes(kind))
      .flatMap(({ expected }) => (Array.isArray(expected['list']) ? expected['list'].map(String) : []));
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word) => !isService(word) && !isCategory(word) && !Object.hasOwn(PROTOCOLS, word))).toEqual(
      [],
    );
  });

  test('wording: "attack" only for what is one, no nationality for a range', () => {
    const text = JSON.stringify({ ...study, events: study.events.map(({ label }) => label) });
    expect(text).not.toMatch(/attack/i);
    expect(text).not.toMatch(/North Korean/);
  });

  test('events in order of time, each with a source; the nine tests of the window with the corrected times', () => {
    const times = study.events.map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    expect(study.events.every(({ source }) => source !== '')).toBe(true);
    const window = study.events.filter(
      ({ kind, time }) => kind === 'missile-launch' && time >= '2017-04-01' && time < '2017-07-07',
    );
    expect(window.map(({ time }) => localTime(time, study))).toEqual([
      '2017-04-05 06:12',
      '2017-04-16 05:51',
      '2017-04-29 05:03',
      '2017-05-14 04:57',
      '2017-05-21 16:29',
      '2017-05-27 12:00',
      '2017-05-29 05:10',
      '2017-06-08 05:48',
      '2017-07-04 09:10',
    ]);
    expect(study.events.filter(({ kind }) => kind === 'nuclear-test')).toHaveLength(6);
  });

  test('the clock of Pyongyang was UTC+8:30 until 4 May 2018', () => {
    expect(localTime('2018-05-04T14:59:00Z', study)).toBe('2018-05-04 23:29');
    expect(localTime('2018-05-04T15:00:00Z', study)).toBe('2018-05-05 00:00');
  });
});

describe('default', () => {
  const plain = profile('default');
  test.each([
    ['10.9.8.7', 'private-10'],
    ['172.16.0.1', 'private-172'],
    ['172.32.0.1', null],
    ['192.168.1.1', 'private-192'],
    ['100.64.0.1', 'shared-100'],
    ['100.128.0.1', null],
    ['169.254.1.1', 'link-local-4'],
    ['fe80::1', 'link-local-6'],
    ['fd12::1', 'unique-local-6'],
    ['8.8.8.8', null],
    ['2001:4860::1', null],
  ])('%s is in %s', (address, label) => {
    expect(rangeOf(address, plain)).toBe(label);
  });

  test('no claims, no events, UTC', () => {
    expect([plain.timeZone, plain.claims, plain.events]).toEqual(['UTC', [], []]);
  });
});
