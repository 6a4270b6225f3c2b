import { TCP, UDP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload } from '../../../shared/payload.ts';
import { usesPort, verdict } from './payload-fields.ts';
import { isPrintable, NO_PROTOCOL, type PayloadRule, latin1, startsWith, u16, u32 } from './rule.ts';

/**
 * Openings of single games, which name the game or its maker (`service-of-rule.ts`). None has a public specification: the constants are
 * facts that public dissectors and captures agree on.
 */

/** By hexadecimal text; made once. */
const MAGICS = new Map<string, Uint8Array>();

/** Whether the bytes of a hexadecimal text stand at a place of the payload. */
function holds({ bytes, start, end }: Payload, at: number, hex: string): boolean {
  let magic = MAGICS.get(hex);
  if (magic === undefined) MAGICS.set(hex, (magic = Buffer.from(hex, 'hex')));
  if (start + at + magic.length > end) return false;
  for (let i = 0; i < magic.length; i++) if (bytes[start + at + i] !== magic[i]) return false;
  return true;
}

const lengthOf = ({ start, end }: Payload): number => end - start;

/**
 * Minecraft, Java edition (minecraft.wiki, "Java Edition protocol", handshake): length, packet 0, version, the server's name as the player
 * wrote it (behind a zero what mods add), its port, and what for. Lengths are variable numbers; this one is of a byte.
 */
function isMinecraftHandshake({ bytes, start, end, fromInitiator }: Payload): boolean {
  const behind = start + 1 + bytes[start];
  if (!fromInitiator || behind > end || bytes[start + 1] !== 0) return false;
  let at = start + 2;
  while (at < start + 6 && bytes[at] >= 0x80) at++;
  const host = at + 2;
  const port = host + bytes[at + 1];
  const added = bytes.subarray(host, port).indexOf(0);
  const purpose = bytes[behind - 1];
  if (port === host || port + 3 !== behind || purpose < 1 || purpose > 3) return false;
  return isPrintable(bytes, host, added < 0 ? port : host + added);
}

/** Call of Duty: each side's first datagram has its number, then follow that or the next kind. */
function activision(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  if (end - start < 18) return NOT_RECOGNISED;
  const isOpening = u16(bytes, start) === (fromInitiator ? 0x0c02 : 0x0d02);
  const seen = typeof payload.memory === 'number' ? payload.memory : 0;
  if (isOpening) payload.memory = seen | (fromInitiator ? 1 : 2);
  return verdict(seen === 3 && (isOpening || bytes[start] === (fromInitiator ? 0x29 : 0x28)));
}

const LETTERS = /^[a-z]{32}$/;

/** Dofus: the greeting of version 1 with its salt, and messages of version 2 whose texts fill them. */
function isDofus(payload: Payload): boolean {
  const { bytes, start, end, fromInitiator } = payload;
  const length = end - start;
  if (!fromInitiator && length === 35 && startsWith(bytes, start, end, 'HC') && bytes[end - 1] === 0) {
    return LETTERS.test(latin1(bytes, start + 2, end - 1));
  }
  if (holds(payload, 0, '000508000005') && holds(payload, 8, '000518')) {
    return length === 11 || (length === 13 && holds(payload, 11, '0194')) || length === 49;
  }
  if (length < 41 || !holds(payload, 0, '01b926')) return false;
  const second = start + 5 + u16(bytes, start + 3);
  return second + 2 <= end && second + 2 + u16(bytes, second) === end;
}

/** Path of Exile, either part: the message behind its number, with the player's name in the first. */
function isPathOfExile(payload: Payload): boolean {
  const { bytes, start } = payload;
  const length = lengthOf(payload);
  if (bytes[start] !== 0 || !holds(payload, 1, '0300') || !holds(payload, 7, '0200')) return false;
  if (length === 19) return holds(payload, 14, '00000040');
  return length > 25 && length < 50 && bytes[start + 6] === 0 && holds(payload, length - 8, '0000000040000001');
}

/** Three openings of NetEase's games; the first is the client's. */
function isNetEase(payload: Payload): boolean {
  const length = lengthOf(payload);
  if (length === 12) {
    return (
      payload.fromInitiator && holds(payload, 0, '01') && holds(payload, 2, 'd001') && holds(payload, 8, '00010101')
    );
  }
  return length > 30 && (holds(payload, 0, 'b3af8de8') || holds(payload, 0, '0708080c'));
}

/** Gaijin's games: a hello of 52 bytes, or a measurement by its name. */
function isGaijin(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start === 52) return holds(payload, 0, '8fff00') && holds(payload, 4, '82ff0001');
  return (
    end - start > 100 &&
    ['embeddedupdater.', 'app.start', 'app.stage'].some((text) => startsWith(bytes, start, end, text))
  );
}

/** Tencent's games: three heads, each with a second constant within. */
function isTencentGame(payload: Payload): boolean {
  return (
    lengthOf(payload) > 50 &&
    (holds(payload, 0, '3366000b000b') ||
      (holds(payload, 0, '4366aa00') && holds(payload, 12, '10e68601')) ||
      (holds(payload, 0, 'aa000000') && holds(payload, 10, '10e68601')))
  );
}

const COD_MOBILE_PORT = 7500;
const OVERWATCH_GREETINGS = ['HELLO PRO CLIENT\0', 'HELLO PRO SERVER\0'];
const RUMBLE_HELLO = 'ffffffffa31fb61e000040010000000000000004030201';

/** miHoYo's games over TCP: 1, the length of all, a kind, and a constant. */
function isMihoyoStream({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 18 &&
    u32(bytes, start + 1) === end - start &&
    (bytes[start + 5] === 1 || bytes[start + 5] === 7) &&
    u16(bytes, start + 16) === 0x4da6
  );
}

export const gameFormRules: readonly PayloadRule[] = [
  {
    id: 'activision-opening',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x0c, 0x0d, 0x28, 0x29],
    recognise: activision,
  },
  {
    id: 'dofus-message',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x00, 0x01, 0x48],
    recognise: (payload) => verdict(isDofus(payload)),
  },
  {
    id: 'path-of-exile-login',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isPathOfExile(payload)),
  },
  {
    id: 'netease-games-opening',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x01, 0x07, 0xb3],
    recognise: (payload) => verdict(isNetEase(payload)),
  },
  {
    id: 'gaijin-opening',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x61, 0x65, 0x8f],
    recognise: (payload) => verdict(isGaijin(payload)),
  },
  {
    id: 'tencent-games-head',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x33, 0x43, 0xaa],
    recognise: (payload) => verdict(isTencentGame(payload)),
  },
  {
    id: 'cod-mobile-ping',
    protocol: NO_PROTOCOL,
    transport: UDP,
    recognise: (payload) =>
      verdict(
        lengthOf(payload) === 12 &&
          usesPort(payload, COD_MOBILE_PORT) &&
          startsWith(payload.bytes, payload.start + 8, payload.end, 'ping'),
      ),
  },
  {
    id: 'nexon-message',
    protocol: NO_PROTOCOL,
    transport: TCP,
    recognise: (payload) =>
      verdict(
        (lengthOf(payload) === 24 && holds(payload, 0, '1800000064000000')) ||
          (lengthOf(payload) === 20 && holds(payload, 4, '163a992e')),
      ),
  },
  {
    id: 'minecraft-handshake',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: Array.from({ length: 0x80 - 8 }, (_, over) => 8 + over),
    recognise: (payload) => verdict(isMinecraftHandshake(payload)),
  },
  {
    id: 'overwatch-greeting',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x48],
    recognise: ({ bytes, start, end }) =>
      verdict(OVERWATCH_GREETINGS.some((text) => end - start === text.length && startsWith(bytes, start, end, text))),
  },
  {
    id: 'warcraft-rumble-hello',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(lengthOf(payload) === 23 && holds(payload, 0, RUMBLE_HELLO)),
  },
  {
    id: 'mihoyo-stream',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x01],
    recognise: (payload) => verdict(isMihoyoStream(payload)),
  },
];
