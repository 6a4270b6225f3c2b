import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import {
  charactersOf,
  beginsWith,
  containsFolded,
  isDigit,
  isZero,
  startsWithAny,
  startsWithAnyFolded,
  startsWithFolded,
  textLineEnd,
  usesPort,
  verdict,
} from './payload-fields.ts';
import { isPrintable, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * FTP (RFC 959, 2228, 2428, 3659), TFTP (RFC 1350, 2347), rsync (its daemon's greeting), NFS over ONC RPC (RFC 5531, 1813, 7530),
 * AFP over DSI (Apple, "Data Stream Interface"), SMB (MS-CIFS, MS-SMB2) over NetBIOS or TCP (RFC 1002, 4.3.1), iSCSI (RFC 7143),
 * UFTP (its protocol.txt), git (its pack-protocol and protocol-common documents).
 */

const isReplyCode = ({ bytes, start, end }: Payload): boolean =>
  end - start >= 6 &&
  isDigit(bytes[start + 1]) &&
  isDigit(bytes[start + 2]) &&
  (bytes[start + 3] === 0x20 || bytes[start + 3] === 0x2d);

/** Replies that say FTP by themselves, or any reply code of RFC 959 on its port. */
function ftpReply(payload: Payload): boolean {
  const { bytes, start, end, fromInitiator } = payload;
  if (fromInitiator || !isReplyCode(payload)) return false;
  const lineEnd = textLineEnd(bytes, start, end);
  if (lineEnd < 0) return false;
  if (payload.sourcePort === 21) return true;
  if (startsWith(bytes, start, end, '220')) {
    // Not SFTP, which is SSH's, nor a mail server that speaks of its other services.
    return (
      payload.looks === 0 &&
      containsFolded(bytes, start + 3, lineEnd, 'FTP') &&
      !containsFolded(bytes, start + 4, lineEnd, 'SMTP')
    );
  }
  if (startsWith(bytes, start, end, '331 ')) return containsFolded(bytes, start + 4, lineEnd, 'PASSWORD');
  return (
    startsWith(bytes, start, end, '227 Entering Passive') || startsWith(bytes, start, end, '229 Entering Extended')
  );
}

const FTP_ALONE = ['AUTH TLS\r\n', 'AUTH SSL\r\n', 'FEAT\r\n', 'PASV\r\n', 'EPSV\r\n', 'SYST\r\n'];
const FTP_ON_PORT = ['USER ', 'PASS ', 'OPTS ', 'HOST ', 'PORT ', 'EPRT ', 'TYPE ', 'CLNT ', 'PWD\r\n', 'CWD ', 'HELP'];

function ftpCommand({ bytes, start, end, fromInitiator, destinationPort }: Payload): boolean {
  if (!fromInitiator || textLineEnd(bytes, start, end) < 0) return false;
  if (startsWithAnyFolded(bytes, start, end, FTP_ALONE)) return true;
  return destinationPort === 21 && startsWithAnyFolded(bytes, start, end, FTP_ON_PORT);
}

const MODE_LETTERS = ['r-', 'w-', 'xsS-', 'r-', 'w-', 'xsS-', 'r-', 'w-', 'xtT-'];

/** A listing as `ls -l` prints it: nine letters of rights, links, and a line that ends. */
function isUnixListing(bytes: Uint8Array, start: number, end: number): boolean {
  let from = start;
  if (startsWith(bytes, start, end, 'total ')) {
    const lineEnd = textLineEnd(bytes, start, end, 32);
    if (lineEnd < 0) return false;
    from = bytes[lineEnd] === 13 ? lineEnd + 2 : lineEnd + 1;
  }
  if (end - from < 40 || (bytes[from] !== 0x2d && bytes[from] !== 0x64 && bytes[from] !== 0x6c)) return false;
  for (let i = 0; i < 9; i++) if (!MODE_LETTERS[i].includes(String.fromCharCode(bytes[from + 1 + i]))) return false;
  let at = from + 10;
  if (bytes[at] !== 0x20) return false;
  while (at < end && bytes[at] === 0x20) at++;
  return isDigit(bytes[at]);
}

/** Facts of a machine listing (RFC 3659, 7): `type=file;…`, in any order. */
function isMachineListing(bytes: Uint8Array, start: number, end: number): boolean {
  const lineEnd = textLineEnd(bytes, start, end, 1024);
  return (
    lineEnd > 0 &&
    (startsWithFolded(bytes, start, end, 'TYPE=') || startsWithFolded(bytes, start, end, 'MODIFY=')) &&
    containsFolded(bytes, start, lineEnd, 'TYPE=') &&
    containsFolded(bytes, start, lineEnd, 'MODIFY=')
  );
}

/** Only the content tells a data connection, and only a listing has a form; its ports are those of data connections. */
function ftpListing({ bytes, start, end, looks, sourcePort, destinationPort }: Payload): boolean {
  if (looks !== 0 || end - start < 20) return false;
  if (sourcePort !== 20 && destinationPort !== 20 && (sourcePort < 1024 || destinationPort < 1024)) return false;
  return isUnixListing(bytes, start, end) || isMachineListing(bytes, start, end);
}

const TFTP_MODES = ['OCTET\0', 'NETASCII\0', 'MAIL\0'];
const TFTP_OPTIONS = ['BLKSIZE\0', 'TSIZE\0', 'TIMEOUT\0', 'WINDOWSIZE\0', 'MULTICAST\0'];

/**
 * A request with its mode, an acknowledgement of options, or, on the ports that the two sides agree on, the first data block and
 * its acknowledgement: the server sends first there.
 */
function tftp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 4 || bytes[start] !== 0) return false;
  const opcode = bytes[start + 1];
  if (opcode === 1 || opcode === 2) {
    let at = start + 2;
    while (at < end && bytes[at] !== 0) at++;
    if (at === start + 2 || !isPrintable(bytes, start + 2, at)) return false;
    return startsWithAnyFolded(bytes, at + 1, end, TFTP_MODES);
  }
  if (opcode === 6) return startsWithAnyFolded(bytes, start + 2, end, TFTP_OPTIONS);
  return (
    opcode === 4 && end - start === 4 && u16(bytes, start + 2) === 1 && payload.looks === 1 && !payload.fromInitiator
  );
}

/** Programs of NFS (IANA "rpc-program-numbers"): nfs, mount, lock manager, status, quota, access lists. */
const NFS_PROGRAMS: ReadonlySet<number> = new Set([100003, 100005, 100011, 100021, 100024, 100227]);
const PORTMAP = 100000;
const GETPORT = 3;
const MAX_AUTHENTICATION = 400;

/** A call (RFC 5531, 9) of a program of NFS, or of the port mapper for one (RFC 1833, 3). */
function isNfsCall(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 40 || u32(bytes, start + 4) !== 0 || u32(bytes, start + 8) !== 2) return false;
  const program = u32(bytes, start + 12);
  const version = u32(bytes, start + 16);
  const credentials = u32(bytes, start + 28);
  if (version === 0 || version > 4 || credentials > MAX_AUTHENTICATION) return false;
  if (NFS_PROGRAMS.has(program)) return true;
  const argument = start + 32 + credentials + 8;
  return (
    program === PORTMAP &&
    u32(bytes, start + 20) === GETPORT &&
    argument + 4 <= end &&
    NFS_PROGRAMS.has(u32(bytes, argument))
  );
}

/** Record marking (RFC 5531, 11): last fragment, and a length. */
function isNfsRecord(bytes: Uint8Array, start: number, end: number): boolean {
  const length = u32(bytes, start) & 0x7fffffff;
  return length >= 40 && length <= 4 << 20 && isNfsCall(bytes, start + 4, end);
}

const AFP_PORT = 548;
const DSI_OPEN_SESSION = 4;
const LAST_DSI_COMMAND = 8;

/** A DSI header with the length of the rest and its reserved zeros: on AFP's port any command, elsewhere a session's opening. */
function dsiMessage(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 16 || !isZero(bytes, start + 12, start + 16)) return false;
  const command = bytes[start + 1];
  const length = u32(bytes, start + 8);
  if (command < 1 || command > LAST_DSI_COMMAND || length !== end - start - 16) return false;
  if (usesPort(payload, AFP_PORT)) return true;
  // Option "attention quantum" or "server request quantum": a type, length 4, a number.
  const isOpening = command === DSI_OPEN_SESSION && isZero(bytes, start + 4, start + 8) && length === 6;
  return isOpening && payload.looks <= 1 && bytes[start + 16] <= 1 && bytes[start + 17] === 4;
}

const SMB1 = 0xff534d42;
/** SMB2 and SMB3; encrypted (MS-SMB2, 2.2.41); compressed (2.2.42). */
const SMB2: ReadonlySet<number> = new Set([0xfe534d42, 0xfd534d42, 0xfc534d42]);
const SMB1_NEGOTIATE = 0x72;
const SESSION_REQUEST = 0x81;

/** Whether a NEGOTIATE of SMB1 offers SMB2 too, so that only what follows tells which is spoken. */
function offersSmb2(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start + 4] === SMB1_NEGOTIATE && containsFolded(bytes, start + 32, end, '\x02SMB 2.');
}

/**
 * Which version stands in the first message of a stream: 1, 2, 0 for neither, −1 when it is not told yet. A NetBIOS session
 * request before it is passed over.
 */
function smbVersion(payload: Payload): number {
  const { bytes, start, end } = payload;
  const undecided = usesPort(payload, 445) || usesPort(payload, 139) ? -1 : 0;
  let at = start;
  if (bytes[at] === SESSION_REQUEST) {
    if (end - at < 4 || u24(bytes, at + 1) !== 68) return end - at < 4 ? undecided : 0;
    at += 72;
  }
  for (let message = 0; message < 2; message++) {
    if (end - at < 9) return undecided;
    const length = u24(bytes, at + 1);
    if (bytes[at] !== 0 || length < 32) return 0;
    const magic = u32(bytes, at + 4);
    if (SMB2.has(magic)) return 2;
    if (magic !== SMB1) return 0;
    if (!offersSmb2(bytes, at + 4, Math.min(end, at + 4 + length))) return 1;
    at += 4 + length;
    if (at >= end) return undecided;
  }
  return 0;
}

function smb(payload: Payload, version: number): InspectionResult {
  const found = smbVersion(payload);
  if (found === version) return RECOGNISED;
  return found < 0 ? WANTS_MORE : NOT_RECOGNISED;
}

const ISCSI_KEYS = ['INITIATORNAME=', 'TARGETPORTALGROUPTAG=', 'TARGETNAME=', 'SESSIONTYPE=', 'AUTHMETHOD='];

/** Login request and response (RFC 7143, 11.12 and 11.13): length of the text and a key that logins have. */
function iscsiLogin({ bytes, start, end }: Payload): boolean {
  if (end - start < 60 || bytes[start + 4] !== 0) return false;
  const text = u24(bytes, start + 5);
  if (text < 12 || start + 48 + text > end + 8192) return false;
  const textEnd = Math.min(end, start + 48 + text);
  return ISCSI_KEYS.some((key) => containsFolded(bytes, start + 48, textEnd, key));
}

const UFTP_PORT = 1044;

/** The header of version 4 or 5 and the message's own, which repeats the kind and tells its length in words of 4 bytes. */
function uftp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const kind = bytes[start + 1];
  return (
    usesPort(payload, UFTP_PORT) &&
    end - start >= 24 &&
    kind >= 1 &&
    kind <= 17 &&
    bytes[start + 15] === 0 &&
    bytes[start + 16] === kind &&
    bytes[start + 17] > 0 &&
    start + 16 + bytes[start + 17] * 4 <= end
  );
}

const GIT_SERVICES = ['git-upload-pack ', 'git-receive-pack ', 'git-upload-archive '];

export const fileTransferRules: readonly PayloadRule[] = [
  {
    id: 'ftp-reply',
    protocol: 'ftp',
    transport: TCP,
    firstBytes: charactersOf('12345'),
    recognise: (payload) => verdict(ftpReply(payload)),
  },
  {
    id: 'ftp-command',
    protocol: 'ftp',
    transport: TCP,
    firstBytes: charactersOf('ACEFHOPSTUacefhopstu'),
    recognise: (payload) => verdict(ftpCommand(payload)),
  },
  {
    id: 'ftp-data-listing',
    protocol: 'ftp-data',
    transport: TCP,
    firstBytes: charactersOf('-dltTmM'),
    recognise: (payload) => verdict(ftpListing(payload)),
  },
  {
    id: 'tftp-exchange',
    protocol: 'tftp',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(tftp(payload)),
  },
  {
    id: 'rsync-greeting',
    protocol: 'rsync',
    transport: TCP,
    firstBytes: charactersOf('@'),
    recognise: (payload) => beginsWith(payload, '@RSYNCD: '),
  },
  {
    id: 'nfs-datagram',
    protocol: 'nfs',
    transport: UDP,
    recognise: ({ bytes, start, end }) => verdict(isNfsCall(bytes, start, end)),
  },
  {
    id: 'nfs-record',
    protocol: 'nfs',
    transport: TCP,
    firstBytes: [0x80],
    recognise: ({ bytes, start, end }) => verdict(isNfsRecord(bytes, start, end)),
  },
  {
    id: 'afp-dsi',
    protocol: 'afp',
    transport: TCP,
    firstBytes: [0, 1],
    recognise: (payload) => verdict(dsiMessage(payload)),
  },
  {
    id: 'smb1-message',
    protocol: 'smb1',
    transport: TCP,
    firstBytes: [0, SESSION_REQUEST],
    recognise: (payload) => smb(payload, 1),
  },
  {
    id: 'smb2-message',
    protocol: 'smb2',
    transport: TCP,
    firstBytes: [0, SESSION_REQUEST],
    recognise: (payload) => smb(payload, 2),
  },
  {
    id: 'iscsi-login',
    protocol: 'iscsi',
    transport: TCP,
    firstBytes: [0x03, 0x43, 0x23],
    recognise: (payload) => verdict(iscsiLogin(payload)),
  },
  {
    id: 'uftp-message',
    protocol: 'uftp',
    transport: UDP,
    firstBytes: [0x40, 0x41, 0x42, 0x50],
    recognise: (payload) => verdict(uftp(payload)),
  },
  {
    id: 'git-request',
    protocol: 'git',
    transport: TCP,
    firstBytes: charactersOf('0'),
    recognise: ({ bytes, start, end }) => verdict(startsWithAny(bytes, start + 4, end, GIT_SERVICES)),
  },
];
