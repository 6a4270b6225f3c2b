import { describe, expect, it } from 'vitest';
import { mediaStreamingRules } from '../../electron/classify/payload/media-streaming.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload } from '../../shared/payload.ts';
import { ascii, hex, RuleTrial, ruleFor, type Said } from './payload-trial.ts';

const tcp = (conversation: readonly Said[]): string => ruleFor(mediaStreamingRules, conversation, { transport: TCP });
const text = (line: string): string => tcp([['>', ascii(line)]]);

it('RTSP by its start lines', () => {
  expect(text('DESCRIBE rtsp://192.0.2.1/movie RTSP/1.0\r\nCSeq: 1\r\n')).toBe('rtsp-message');
  expect(text('OPTIONS * RTSP/1.0\r\n')).toBe('rtsp-message');
  expect(tcp([['<', ascii('RTSP/1.0 200 OK\r\n')]])).toBe('rtsp-message');
  expect(text('OPTIONS * HTTP/1.1\r\n')).toBe('');
  expect(text('PLAY it again\r\n')).toBe('');
  expect(tcp([['<', ascii('RTSP/1.0 200')]])).toBe('');
});

describe('RTMP', () => {
  const hello = Buffer.concat([hex('03 00000001 00000000'), Buffer.alloc(1528, 0x5a)]);
  const answer = Buffer.concat([hex('03 00000002 0d0e0a0d'), Buffer.alloc(100, 0x33)]);

  it('by a greeting of exactly 1537 bytes and the same version back', () => {
    expect(tcp([['>', hello.subarray(0, 900)], ['>', hello], ['<', answer]])).toBe('rtmp-handshake'); // prettier-ignore
  });

  it('not without the answer, with more or fewer bytes, nor from the other side', () => {
    expect(tcp([['>', hello]])).toBe('');
    expect(tcp([['>', hello.subarray(1)], ['<', answer]])).toBe(''); // prettier-ignore
    expect(tcp([['>', hello.subarray(0, 1536)], ['<', answer]])).toBe(''); // prettier-ignore
    expect(tcp([['>', Buffer.concat([hello, hex('00')])], ['<', answer]])).toBe(''); // prettier-ignore
    expect(tcp([['<', hello], ['>', answer]])).toBe(''); // prettier-ignore
    expect(tcp([['>', hello], ['<', hex('06'), 0]])).toBe(''); // prettier-ignore
  });
});

describe('MPEG transport stream', () => {
  const packets = (count: number): Buffer => {
    const bytes = Buffer.alloc(188 * count, 0xff);
    for (let at = 0; at < bytes.length; at += 188) bytes.set([0x47, 0x01, 0x00, 0x10], at);
    return bytes;
  };
  const udp = (conversation: readonly Said[]): string => ruleFor(mediaStreamingRules, conversation, { transport: UDP });

  it('by five packets, in one datagram or in several', () => {
    expect(udp([['>', packets(7)]])).toBe('mpeg-ts-packets');
    expect(udp([['>', packets(2)], ['>', packets(3)]])).toBe('mpeg-ts-packets'); // prettier-ignore
    expect(udp([['>', packets(4)]])).toBe('');
  });

  it('not with a packet that is cut, out of step or in error', () => {
    expect(udp([['>', packets(7).subarray(0, -1)]])).toBe('');
    for (const [place, value] of [[188, 0x46], [377, 0x81], [567, 0x00]] as const) {
      const damaged = packets(7);
      damaged[place] = value;
      expect([place, udp([['>', damaged]])]).toEqual([place, '']);
    } // prettier-ignore
  });
});

describe('over HTTP', () => {
  it('HLS and DASH by what is asked for', () => {
    expect(text('GET /live/index.m3u8?token=1 HTTP/1.1\r\nHost: a.example\r\n\r\n')).toBe('hls-playlist-request');
    expect(text('GET /v/manifest.mpd HTTP/1.1\r\nHost: a.example\r\n\r\n')).toBe('mpeg-dash-request');
    expect(text('GET /v/1.m4s HTTP/1.1\r\n\r\n')).toBe('mpeg-dash-request');
    expect(text('GET /search?q=.m3u8 HTTP/1.1\r\n\r\n')).toBe('');
    expect(text('GET /index.m3u8x HTTP/1.1\r\n\r\n')).toBe('');
    expect(text('GET .m3u8 away\r\n\r\n')).toBe('');
  });

  it('keep the names that plain HTTP reads, also when they come later', () => {
    const request = ascii('GET /index.m3u8 HTTP/1.1\r\nHost: Video.Example\r\nUser-Agent: Player/1\r\n\r\n');
    const trial = new RuleTrial(mediaStreamingRules);
    const payload = Object.assign(new Payload(), { transport: TCP, bytes: request, end: 30 });
    trial.inspect(payload);
    payload.end = request.length;
    trial.inspect(payload);
    expect([trial.rules[payload.rule].protocol, payload.name, payload.userAgent]).toEqual([
      'hls',
      'video.example',
      'Player/1',
    ]);
  });
});

it('PPStream by length and kind on its port', () => {
  const message = Buffer.concat([hex('1400 43 0000 ff00 0100'), Buffer.alloc(15)]);
  const flow = { transport: UDP, destinationPort: 17_788 };
  expect(ruleFor(mediaStreamingRules, [['>', message]], flow)).toBe('ppstream-message');
  expect(ruleFor(mediaStreamingRules, [['>', message]], { ...flow, destinationPort: 17_789 })).toBe('');
  expect(ruleFor(mediaStreamingRules, [['>', message.subarray(0, -1)]], flow)).toBe('');
});
