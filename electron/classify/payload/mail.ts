import { TCP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload, RECOGNISED } from '../../../shared/payload.ts';
import {
  charactersOf,
  containsFolded,
  isDigit,
  startsWithAnyFolded,
  startsWithFolded,
  textLineEnd,
  usesPort,
  verdict,
} from './payload-fields.ts';
import { latin1, type PayloadRule, startsWith } from './rule.ts';

/**
 * SMTP (RFC 5321; LMTP RFC 2033), POP3 (RFC 1939, 2449, 2595), IMAP (RFC 9051, RFC 3501). A session that goes on in TLS after
 * STARTTLS or STLS keeps the name of its beginning.
 */

const isSmtpPort = (port: number): boolean => port === 25 || port === 587 || port === 2525;

/** Greetings and replies (RFC 5321, 4.2): a code, and the word SMTP or the server's port. */
function smtpReply({ bytes, start, end, fromInitiator, sourcePort, looks }: Payload): boolean {
  if (fromInitiator || end - start < 6) return false;
  const separator = bytes[start + 3];
  if ((separator !== 0x20 && separator !== 0x2d) || !isDigit(bytes[start + 1]) || !isDigit(bytes[start + 2])) {
    return false;
  }
  const lineEnd = textLineEnd(bytes, start, end);
  if (lineEnd < 0) return false;
  const isGreeting = startsWith(bytes, start, end, '220');
  if (isGreeting && looks === 0 && containsFolded(bytes, start + 4, lineEnd, 'SMTP')) return true;
  if (!isSmtpPort(sourcePort)) return false;
  return isGreeting || startsWith(bytes, start, end, '250') || startsWith(bytes, start, end, '554')
    || startsWith(bytes, start, end, '421'); // prettier-ignore
}

const SMTP_OPENINGS = ['EHLO ', 'HELO ', 'LHLO '];
const SMTP_ENVELOPES = ['MAIL FROM:', 'RCPT TO:'];

/** Whole lines of a client on the port of mail: a session seen midway or refused, or a greeting without a name (RFC 5321, 4.1; RFC 3207; RFC 4954). */
const SMTP_ON_PORT = ['QUIT', 'RSET', 'DATA', 'NOOP', 'STARTTLS', 'EHLO', 'HELO'];

/** HELO with one word or an address literal, or the envelope of a session seen midway; on its port other commands, too. */
function smtpCommand({ bytes, start, end, fromInitiator, destinationPort }: Payload): boolean {
  if (startsWithAnyFolded(bytes, start, end, SMTP_ENVELOPES)) return true;
  if (fromInitiator && isSmtpPort(destinationPort)) {
    const lineEnd = textLineEnd(bytes, start, end);
    if (lineEnd > start + 5 && startsWithFolded(bytes, start, end, 'AUTH ')) return true;
    const isAlone = (command: string): boolean =>
      lineEnd === start + command.length && startsWithFolded(bytes, start, end, command);
    if (SMTP_ON_PORT.some((command) => isAlone(command))) return true;
  }
  if (!startsWithAnyFolded(bytes, start, end, SMTP_OPENINGS)) return false;
  const lineEnd = textLineEnd(bytes, start, end);
  if (lineEnd < start + 6) return false;
  for (let at = start + 5; at < lineEnd - 1; at++) if (bytes[at] === 0x20) return false;
  return true;
}

/** `+OK text` as the very first bytes of a server, or any status on the registered port (RFC 1939, 3). */
function pop3Reply({ bytes, start, end, fromInitiator, sourcePort, looks }: Payload): boolean {
  if (fromInitiator || textLineEnd(bytes, start, end) < 0) return false;
  if (sourcePort === 110) return startsWith(bytes, start, end, '+OK') || startsWith(bytes, start, end, '-ERR');
  return looks === 0 && startsWith(bytes, start, end, '+OK ') && textLineEnd(bytes, start, end) > start + 4;
}

const POP3_ALONE = ['CAPA\r\n', 'STLS\r\n', 'UIDL\r\n'];
const POP3_ON_PORT = ['USER ', 'PASS ', 'APOP ', 'AUTH ', 'AUTH\r\n', 'STAT\r\n', 'LIST\r\n', 'QUIT\r\n'];

function pop3Command(payload: Payload): boolean {
  const { bytes, start, end, destinationPort } = payload;
  if (!payload.fromInitiator || textLineEnd(bytes, start, end) < 0) return false;
  if (startsWithAnyFolded(bytes, start, end, POP3_ALONE)) return true;
  return destinationPort === 110 && startsWithAnyFolded(bytes, start, end, POP3_ON_PORT);
}

const IMAP_GREETINGS = ['* OK ', '* PREAUTH ', '* BYE ', '* CAPABILITY '];
const IMAP_COMMANDS = ['CAPABILITY', 'LOGIN ', 'AUTHENTICATE ', 'STARTTLS', 'ID '];
const IMAP_ON_PORT = ['NOOP', 'LOGOUT', 'SELECT ', 'EXAMINE ', 'LIST ', 'UID ', 'FETCH ', 'NAMESPACE', 'ENABLE '];
const MAX_TAG = 16;

/**
 * Whole lines of the commands before a login (RFC 9051, 6.1, 6.2; ID: RFC 2971). LOGIN has two arguments, each a quoted text, an atom or
 * a literal that follows the line.
 */
const IMAP_LINE =
  /^(?:CAPABILITY|STARTTLS|LOGIN (?:\{\d+\+?\}|(?:"(?:[^"\\]|\\.)*"|[^ "(){}%*\\]+) (?:\{\d+\+?\}|"(?:[^"\\]|\\.)*"|[^ "(){}%*\\]+))|AUTHENTICATE [A-Z0-9_-]{1,20}(?: [A-Z0-9+/]*={0,2})?|ID (?:NIL|\(.*\)))$/i;

/**
 * Tag, space, command (RFC 9051, 2.2.1). Off the registered port the tag must hold a digit, as clients make them (`a001`, `4.12`), and the
 * line be nothing but the command.
 */
function imapCommand(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!payload.fromInitiator) return false;
  let at = start;
  let hasDigit = false;
  for (; at < end && at - start <= MAX_TAG && bytes[at] !== 0x20; at++) {
    const byte = bytes[at];
    if (isDigit(byte)) hasDigit = true;
    else if (byte !== 0x2e && ((byte | 0x20) < 0x61 || (byte | 0x20) > 0x7a)) return false;
  }
  const onPort = usesPort(payload, 143);
  if (at === start || at >= end || bytes[at] !== 0x20 || !(hasDigit || onPort)) return false;
  const isKnown = startsWithAnyFolded(bytes, at + 1, end, IMAP_COMMANDS);
  if (!isKnown && !(onPort && startsWithAnyFolded(bytes, at + 1, end, IMAP_ON_PORT))) return false;
  const lineEnd = textLineEnd(bytes, start, end, 2048);
  return lineEnd > 0 && (onPort || IMAP_LINE.test(latin1(bytes, at + 1, lineEnd)));
}

function imapGreeting({ bytes, start, end, fromInitiator }: Payload): InspectionResult {
  if (fromInitiator || !startsWithAnyFolded(bytes, start, end, IMAP_GREETINGS)) return NOT_RECOGNISED;
  return textLineEnd(bytes, start, end, 2048) < 0 ? NOT_RECOGNISED : RECOGNISED;
}

const ALPHANUMERIC = charactersOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');

export const mailRules: readonly PayloadRule[] = [
  {
    id: 'smtp-reply',
    protocol: 'smtp',
    transport: TCP,
    firstBytes: charactersOf('245'),
    recognise: (payload) => verdict(smtpReply(payload)),
  },
  {
    id: 'smtp-command',
    protocol: 'smtp',
    transport: TCP,
    firstBytes: charactersOf('ADEHLMNQRSadehlmnqrs'),
    recognise: (payload) => verdict(smtpCommand(payload)),
  },
  {
    id: 'pop3-reply',
    protocol: 'pop3',
    transport: TCP,
    firstBytes: charactersOf('+-'),
    recognise: (payload) => verdict(pop3Reply(payload)),
  },
  {
    id: 'pop3-command',
    protocol: 'pop3',
    transport: TCP,
    firstBytes: charactersOf('ACLPQSUacLpqsu'),
    recognise: (payload) => verdict(pop3Command(payload)),
  },
  {
    id: 'imap-greeting',
    protocol: 'imap',
    transport: TCP,
    firstBytes: charactersOf('*'),
    recognise: imapGreeting,
  },
  {
    id: 'imap-command',
    protocol: 'imap',
    transport: TCP,
    firstBytes: ALPHANUMERIC,
    recognise: (payload) => verdict(imapCommand(payload)),
  },
];
