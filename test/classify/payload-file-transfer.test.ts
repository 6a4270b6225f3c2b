import { fileTransferRules } from '../../electron/classify/payload/file-transfer.ts';
import { UDP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, type PayloadCase, zeros } from './payload-trial.ts';

const text = (rule: string, port: number, content: string, changes: Partial<PayloadCase> = {}): PayloadCase => ({
  rule,
  port,
  bytes: ascii(content),
  ...changes,
});
const answer = { answer: true };

/** ONC RPC call: xid, CALL, version 2, program, version, procedure, no credentials. */
const rpcCall = (program: string, procedure: string, rest = ''): Buffer =>
  hex(`12345678 00000000 00000002 ${program} 00000003 ${procedure} 00000000 00000000 00000000 00000000 ${rest}`);
const getport = (program: string): Buffer => rpcCall('000186a0', '00000003', `${program} 00000003 00000011 00000000`);
const withLength = (body: Buffer): Buffer => join(Buffer.from([0, 0, body.length >> 8, body.length & 255]), body);
const smb1 = (command: string, dialect = ''): Buffer =>
  withLength(join('ff534d42', command, zeros(27), '00 0c00', ascii(dialect)));
const smb2 = (magic = 'fe534d42'): Buffer => withLength(join(magic, '4000 0000', zeros(56)));
const sessionRequest = join('81000044 20', ascii('CK'.repeat(16)), '00 20', ascii('CA'.repeat(16)), '00');
const dsi = (command: string, body: Buffer): Buffer =>
  join('00', command, '0001 00000000 000000', Buffer.from([body.length]), '00000000', body);
const iscsi = (content: string, opcode = '43'): Buffer => {
  const data = ascii(content);
  return join(opcode, '870000 00 0000', Buffer.from([data.length]), zeros(40), data);
};

describeCases(fileTransferRules, [
  text('ftp-reply', 8021, '220 ProFTPD 1.3.5 Server ready\r\n', answer),
  text('ftp-reply', 21, '220 Welcome\r\n', answer),
  text('ftp-reply', 8021, '331 Please specify the password.\r\n', { answer: true, looks: 2 }),
  text('ftp-command', 21, 'USER anonymous\r\n'),
  text('ftp-command', 8021, 'AUTH TLS\r\n'),
  text('ftp-data-listing', 20, '-rw-r--r--   1 0        0            1024 Mar 01  2017 file.txt\r\n', answer),
  text('ftp-data-listing', 41_234, 'total 8\r\ndrwxr-xr-x 2 user group 4096 May 17 12:00 pub and more\r\n', answer),
  text('ftp-data-listing', 41_234, 'type=file;size=12;modify=20170517000000; name\r\n', answer),
  { rule: 'tftp-exchange', port: 69, transport: UDP, bytes: join('0001', ascii('boot.img\0octet\0')) },
  { rule: 'tftp-exchange', port: 41_000, transport: UDP, bytes: hex('00040001'), answer: true, looks: 1 },
  { rule: 'tftp-exchange', port: 69, transport: UDP, bytes: join('0006', ascii('blksize\x001428\0')) },
  text('rsync-greeting', 873, '@RSYNCD: 31.0\n', answer),
  { rule: 'nfs-datagram', port: 2049, transport: UDP, bytes: rpcCall('000186a3', '00000000') },
  { rule: 'nfs-datagram', port: 111, transport: UDP, bytes: getport('000186a5') },
  { rule: 'nfs-record', port: 2049, bytes: join('80000028', rpcCall('000186a3', '00000001')) },
  { rule: 'afp-dsi', port: 41_548, bytes: dsi('04', hex('0104 00000400')) },
  { rule: 'afp-dsi', port: 548, bytes: dsi('03', zeros(0)) },
  { rule: 'afp-dsi', port: 548, bytes: dsi('02', zeros(12)), looks: 4 },
  { rule: '', port: 548, bytes: dsi('09', zeros(12)) },
  { rule: 'smb1-message', port: 445, bytes: smb1('72', '\x02NT LM 0.12\0') },
  { rule: 'smb1-message', port: 139, bytes: join(sessionRequest, smb1('73')) },
  { rule: 'smb1-message', port: 445, bytes: join(smb1('72', '\x02SMB 2.002\0'), smb1('73')) },
  { rule: 'smb2-message', port: 445, bytes: smb2() },
  { rule: 'smb2-message', port: 4450, bytes: smb2('fd534d42'), answer: true },
  { rule: 'smb2-message', port: 445, bytes: join(smb1('72', '\x02SMB 2.002\0'), smb2()) },
  { rule: 'iscsi-login', port: 3260, bytes: iscsi('InitiatorName=iqn.2017-05.example:a\0') },
  { rule: 'iscsi-login', port: 3260, bytes: iscsi('TargetPortalGroupTag=1\0', '23'), answer: true },
  {
    rule: 'uftp-message',
    port: 1044,
    transport: UDP,
    bytes: join('4001 0001 0a000001 00000001 01 10 10 00 01 02', zeros(10)),
  },
  text('git-request', 9418, '003egit-upload-pack /project.git\0host=git.example.org\0'),
  // Not theirs.
  text('', 25, '220 mail.example ESMTP, no FTP\r\n', answer),
  text('', 8021, '331 Go on\r\n', answer),
  text('', 21, '22 bottles\r\n', answer),
  text('', 41_234, '-rwxrwxrwq   1 0        0            1024 Mar 01  2017 file.txt\r\n', answer),
  text('', 80, '-rw-r--r--   1 0        0            1024 Mar 01  2017 file.txt\r\n', answer),
  { rule: '', port: 69, transport: UDP, bytes: join('0001', ascii('boot.img\0ASCII\0')) },
  { rule: '', port: 41_000, transport: UDP, bytes: hex('00040001'), answer: true },
  { rule: '', port: 41_000, transport: UDP, bytes: hex('00040001'), looks: 1 },
  { rule: '', port: 2049, transport: UDP, bytes: rpcCall('000186ff', '00000000') },
  { rule: '', port: 111, transport: UDP, bytes: getport('000186ba') },
  { rule: '', port: 2049, bytes: join('80000008', rpcCall('000186a3', '00000001')) },
  { rule: '', port: 41_548, bytes: dsi('03', zeros(0)) },
  { rule: '', port: 445, bytes: withLength(join('ff534d43', zeros(40))) },
  { rule: '', port: 445, bytes: smb1('72', '\x02SMB 2.002\0') },
  { rule: '', port: 139, bytes: sessionRequest },
  { rule: '', port: 3260, bytes: iscsi('Nothing=that is known\0') },
  { rule: '', port: 1044, transport: UDP, bytes: join('4001 0001 0a000001 00000001 01 10 10 00 02 02', zeros(10)) },
  text('', 9418, '003egit-upload-pact /project.git\0'),
]);
