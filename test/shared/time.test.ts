import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneClock, formatUtc, parseInstant } from '../../shared/time.ts';

const utc = (text: string): number => {
  const us = parseInstant(text, 'UTC');
  if (us === null) throw new Error(`not an instant: ${text}`);
  return us;
};

/** 1970 to 2199 in microseconds. */
const anyInstant = fc.integer({ min: 0, max: 7_258_118_400_000_000 - 1 });

/** The offset as Intl prints it, by another way than ZoneClock's: the long GMT name. */
function offsetByName(timeZone: string, us: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(us / 1000);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name);
  if (match === null) throw new Error(`unexpected ${name}`);
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0) + Number(match[4] ?? 0) / 60;
  return match[1] === '-' ? -minutes : minutes;
}

describe('formatUtc', () => {
  it('prints microseconds', () => {
    expect(formatUtc(1_494_982_923_000_004)).toBe('2017-05-17T01:02:03.000004Z');
    expect(formatUtc(0)).toBe('1970-01-01T00:00:00.000000Z');
    expect(formatUtc(-1)).toBe('1969-12-31T23:59:59.999999Z');
    expect(formatUtc(1.75)).toBe('1970-01-01T00:00:00.000001Z');
  });

  it('says so when there is no such date', () => {
    for (const us of [Number.NaN, Infinity, -Infinity, 1e300]) expect(formatUtc(us)).toBe('invalid time');
  });

  it('is exact to the microsecond until 2255', () => {
    fc.assert(
      fc.property(fc.integer({ min: -6e16, max: Number.MAX_SAFE_INTEGER }), (us) => {
        fc.pre(us > -6e16);
        expect(parseInstant(formatUtc(us), 'UTC')).toBe(us);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('parseInstant', () => {
  it('reads zones', () => {
    expect(utc('2017-05-17T01:02:03.000004Z')).toBe(1_494_982_923_000_004);
    expect(utc('2017-05-17T09:32:03.000004+08:30')).toBe(1_494_982_923_000_004);
    expect(utc('2017-05-16T21:02:03.0000049-0400')).toBe(1_494_982_923_000_004);
    expect(utc('2017-05-17 10:02:03+09')).toBe(1_494_982_923_000_000);
  });

  it('reads bare dates and times in the zone', () => {
    expect(parseInstant('2017-05-17', 'Asia/Pyongyang')).toBe(utc('2017-05-16T15:30Z'));
    expect(parseInstant('2017-05-17', 'Asia/Kathmandu')).toBe(utc('2017-05-16T18:15Z'));
    expect(parseInstant('2017-05-17T12:00', 'America/New_York')).toBe(utc('2017-05-17T16:00Z'));
  });

  it('refuses what is no time', () => {
    const wrong = ['', '2017', '2017-13-01', '2017-02-29', '2017-05-17T', '2017-05-17T24:00Z', '2017-05-17T10:60Z'];
    for (const text of [
      ...wrong,
      '2017-05-17T10',
      '2017-05-17T10:00+25:00',
      '2017-05-17Z',
      'x2017-05-17',
      '17/05/2017',
    ])
      expect({ text, us: parseInstant(text, 'UTC') }).toEqual({ text, us: null });
    expect(() => parseInstant('2017-05-17', 'Nowhere/At-All')).toThrow(RangeError);
  });
});

describe('ZoneClock', () => {
  it('knows the two changes of Pyongyang time', () => {
    const clock = new ZoneClock('Asia/Pyongyang');
    const back = utc('2015-08-14T15:00Z');
    const forth = utc('2018-05-04T15:00Z');
    expect(clock.offsetMinutes(back - 1)).toBe(540);
    expect(clock.offsetMinutes(back)).toBe(510);
    expect(clock.offsetMinutes(forth - 1)).toBe(510);
    expect(clock.offsetMinutes(forth)).toBe(540);
  });

  it('counts local hours, also of a half-hour and a quarter-hour zone', () => {
    const pyongyang = new ZoneClock('Asia/Pyongyang');
    const hour = pyongyang.localHour(utc('2017-05-16T15:30Z'));
    expect(pyongyang.localHour(utc('2017-05-16T15:30Z') - 1)).toBe(hour - 1);
    expect(ZoneClock.hourOfDay(hour)).toBe(0);
    expect(ZoneClock.day(hour)).toBe('2017-05-17');
    expect(ZoneClock.weekday(hour)).toBe(3);
    expect(ZoneClock.weekday(hour + 4 * 24)).toBe(7);
    expect(ZoneClock.weekday(hour + 5 * 24)).toBe(1);
    const nepal = new ZoneClock('Asia/Kathmandu');
    expect(nepal.offsetMinutes(utc('2017-05-16T00:00Z'))).toBe(345);
    expect(ZoneClock.hourOfDay(nepal.localHour(utc('2017-05-16T00:14:59.999999Z')))).toBe(5);
    expect(ZoneClock.hourOfDay(nepal.localHour(utc('2017-05-16T00:15Z')))).toBe(6);
  });

  it('starts a repeated hour once and a skipped one at the skip', () => {
    const berlin = new ZoneClock('Europe/Berlin');
    const spring = berlin.localHour(utc('2017-03-26T00:59:59Z'));
    expect(berlin.localHour(utc('2017-03-26T01:00Z'))).toBe(spring + 2);
    expect(berlin.startOfLocalHour(spring + 1)).toBe(utc('2017-03-26T01:00Z'));
    expect(berlin.startOfLocalHour(spring + 2)).toBe(utc('2017-03-26T01:00Z'));
    const autumn = berlin.localHour(utc('2017-10-29T00:30Z'));
    expect(berlin.localHour(utc('2017-10-29T01:30Z'))).toBe(autumn);
    expect(berlin.startOfLocalHour(autumn)).toBe(utc('2017-10-29T00:00Z'));
    expect(berlin.startOfLocalHour(autumn + 1)).toBe(utc('2017-10-29T02:00Z'));

    const pyongyang = new ZoneClock('Asia/Pyongyang');
    const repeated = pyongyang.localHour(utc('2015-08-14T14:30Z'));
    expect(pyongyang.localHour(utc('2015-08-14T15:29Z'))).toBe(repeated);
    expect(pyongyang.startOfLocalHour(repeated)).toBe(utc('2015-08-14T14:00Z'));
    expect(pyongyang.startOfLocalHour(repeated + 1)).toBe(utc('2015-08-14T15:30Z'));
    const short = pyongyang.localHour(utc('2018-05-04T14:45Z'));
    expect(pyongyang.startOfLocalHour(short)).toBe(utc('2018-05-04T14:30Z'));
    expect(pyongyang.startOfLocalHour(short + 1)).toBe(utc('2018-05-04T15:00Z'));

    const samoa = new ZoneClock('Pacific/Apia');
    expect(samoa.instantOfLocal(utc('2011-12-30T12:00Z'))).toBe(utc('2011-12-30T10:00Z'));
  });

  it('agrees with Intl at any instant in any zone, in any order', () => {
    for (const timeZone of [
      'Asia/Pyongyang',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Africa/Cairo',
      'Asia/Kathmandu',
      'Pacific/Apia',
      'America/Caracas',
      'UTC',
    ]) {
      const clock = new ZoneClock(timeZone);
      fc.assert(
        fc.property(anyInstant, (us) => {
          expect([timeZone, clock.offsetMinutes(us)]).toEqual([timeZone, offsetByName(timeZone, us)]);
        }),
        { seed: 2, numRuns: 150 },
      );
    }
  });

  it('finds the first instant of every local hour', () => {
    for (const timeZone of ['Asia/Pyongyang', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      const clock = new ZoneClock(timeZone);
      fc.assert(
        fc.property(fc.integer({ min: 300_000, max: 430_000 }), (hour) => {
          const start = clock.startOfLocalHour(hour);
          expect(clock.localHour(start)).toBeGreaterThanOrEqual(hour);
          expect(clock.localHour(start - 1)).toBeLessThan(hour);
        }),
        { seed: 3, numRuns: 500 },
      );
    }
  });

  it('stays on its feet outside all calendars', () => {
    const clock = new ZoneClock('America/New_York');
    expect(clock.offsetMinutes(-1e18)).toBe(-300);
    expect(clock.localHour(Number.NaN)).toBeNaN();
    expect(clock.localHour(Infinity)).toBe(Infinity);
    expect(clock.offsetMinutes(1e17)).toBe(-300);
    expect(() => new ZoneClock('Nowhere/At-All')).toThrow(RangeError);
  });
});
