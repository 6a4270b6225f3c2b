import { TCP, UDP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { u16LE, usesPort, verdict } from './payload-fields.ts';
import { type PayloadRule, startsWith, u32 } from './rule.ts';

/** Video and audio in streams. The HTTP rules must be tried before plain HTTP, and read a request's names as it does. */

const RTSP_METHODS = [
  'OPTIONS ', 'DESCRIBE ', 'ANNOUNCE ', 'SETUP ', 'PLAY ', 'PLAY_NOTIFY ', 'PAUSE ', 'TEARDOWN ', 'GET_PARAMETER ',
  'SET_PARAMETER ', 'REDIRECT ', 'RECORD ',
]; // prettier-ignore
const LONGEST_RTSP_LINE = 2048;

/** RTSP start lines (RFC 2326, 6 and 7; RFC 7826). */
function isRtsp({ bytes, start, end }: Payload): boolean {
  if (startsWith(bytes, start, end, 'RTSP/')) {
    return startsWith(bytes, start + 6, end, '.0 ') && end - start >= 13 && bytes[start + 12] === 0x20;
  }
  const method = RTSP_METHODS.find((each) => startsWith(bytes, start, end, each));
  if (method === undefined) return false;
  if (startsWith(bytes, start + method.length, end, 'rtsp://')) return true;
  const length = bytes.subarray(start, Math.min(end, start + LONGEST_RTSP_LINE)).indexOf(10);
  const lineEnd = start + length - (bytes[start + length - 1] === 13 ? 1 : 0);
  return (
    length > method.length + 9 &&
    (startsWith(bytes, lineEnd - 9, lineEnd, ' RTSP/1.0') || startsWith(bytes, lineEnd - 9, lineEnd, ' RTSP/2.0'))
  );
}

const RTMP_VERSION = 3;
const RTMP_HELLO = 1537;

/** The client's C0 and C1 have come, whole and alone. */
const GREETED = Symbol('greeted');

/** Whether C0 and C1 may begin so: version 3, a time, then zero or the version of a Flash program, as later clients send. */
function isRtmpBegun({ bytes, start, end }: Payload): boolean {
  if (end - start < 9 || end - start > RTMP_HELLO) return false;
  return u32(bytes, start + 5) === 0 || (bytes[start + 5] >= 1 && bytes[start + 5] <= 0x80 && bytes[start + 6] <= 0x0f);
}

/** RTMP (Adobe's RTMP 1.0, 5.2): the client sends exactly 1537 bytes and waits; the server answers with the same version. */
function rtmp(payload: Payload): InspectionResult {
  if (payload.fromInitiator) {
    if (!isRtmpBegun(payload)) return NOT_RECOGNISED;
    if (payload.end - payload.start === RTMP_HELLO) payload.memory = GREETED;
    return WANTS_MORE;
  }
  return verdict(payload.memory === GREETED && payload.end - payload.start >= 9);
}

const TS_PACKET = 188;
const TS_SYNC = 0x47;
const TS_PACKETS_WANTED = 5;

/** Transport stream packets seen in a flow. */
class TransportStream {
  packets = 0;
}

/**
 * MPEG transport stream in datagrams (ISO/IEC 13818-1, 2.4.3.2): nothing but packets of 188 bytes that begin with the sync
 * byte, no transport error, and an adaptation field control that is not reserved; five of them.
 */
function mpegTs(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if ((end - start) % TS_PACKET !== 0) return NOT_RECOGNISED;
  for (let at = start; at < end; at += TS_PACKET) {
    if (bytes[at] !== TS_SYNC || (bytes[at + 1] & 0x80) !== 0 || (bytes[at + 3] & 0x30) === 0) return NOT_RECOGNISED;
  }
  const stream = payload.memory instanceof TransportStream ? payload.memory : new TransportStream();
  stream.packets += (end - start) / TS_PACKET;
  payload.memory = stream;
  return verdict(stream.packets >= TS_PACKETS_WANTED);
}

const LONGEST_TARGET = 2048;

/** Whether the path of a GET request ends in one of the texts; the query is no part of it. */
function pathEndsWith({ bytes, start, end }: Payload, texts: readonly string[]): boolean {
  if (!startsWith(bytes, start, end, 'GET ')) return false;
  const reach = Math.min(end, start + LONGEST_TARGET);
  let at = start + 4;
  while (at < reach && bytes[at] !== 0x20 && bytes[at] !== 0x3f) at++;
  return at < reach && texts.some((text) => startsWith(bytes, Math.max(start + 4, at - text.length), at, text));
}

/** A rule for requests whose path ends in one of the texts, read on as HTTP. */
function requestFor(id: string, protocol: string, texts: readonly string[]): PayloadRule {
  return {
    id,
    protocol,
    transport: TCP,
    firstBytes: [0x47],
    recognise: (payload) =>
      payload.rule !== 0 || pathEndsWith(payload, texts) ? httpRequestRule.recognise(payload) : NOT_RECOGNISED,
  };
}

const PPSTREAM_PORT = 17_788;
const PPSTREAM_KINDS = [0x43, 0x44, 0x55];
/** What the length that a PPStream message tells leaves out. */
const PPSTREAM_HEADS = [0, 4, 6];

/** PPStream between its peers, on its port: a length, little endian, and a kind. No public specification: observed. */
function isPpStream(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const length = end - start;
  return (
    length > 14 &&
    usesPort(payload, PPSTREAM_PORT) &&
    PPSTREAM_HEADS.includes(length - u16LE(bytes, start)) &&
    PPSTREAM_KINDS.includes(bytes[start + 2])
  );
}

export const mediaStreamingRules: readonly PayloadRule[] = [
  {
    id: 'rtsp-message',
    protocol: 'rtsp',
    transport: TCP,
    firstBytes: [...new Set(RTSP_METHODS.map((method) => method.charCodeAt(0)))],
    recognise: (payload) => verdict(isRtsp(payload)),
  },
  { id: 'rtmp-handshake', protocol: 'rtmp', transport: TCP, firstBytes: [RTMP_VERSION], recognise: rtmp },
  { id: 'mpeg-ts-packets', protocol: 'mpeg-ts', transport: UDP, firstBytes: [TS_SYNC], recognise: mpegTs },
  // RFC 8216, 4: playlists end in .m3u8 or .m3u; only the former is HLS's own.
  requestFor('hls-playlist-request', 'hls', ['.m3u8']),
  // ISO/IEC 23009-1: the manifest, and the segments by their usual name.
  requestFor('mpeg-dash-request', 'mpeg-dash', ['.mpd', '.m4s']),
  {
    id: 'ppstream-message',
    protocol: 'ppstream',
    transport: UDP,
    recognise: (payload) => verdict(isPpStream(payload)),
  },
];
