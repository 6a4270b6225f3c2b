import { databaseRules } from '../../electron/classify/payload/databases.ts';
import { UDP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, type PayloadCase, zeros } from './payload-trial.ts';

const le32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const be32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const text = (rule: string, port: number, content: string, changes: Partial<PayloadCase> = {}): PayloadCase => ({
  rule,
  port,
  bytes: ascii(content),
  ...changes,
});
const answer = { answer: true };

const mysqlPacket = (number: string, body: Buffer): Buffer => join(le32(body.length).subarray(0, 3), number, body);
const greeting = (version: string): Buffer => join('0a', ascii(`${version}\0`), le32(7), zeros(8), '00', zeros(30));
const login = join('8da6ff19 00000001 ff', zeros(23), ascii('root\0'), '00');
const startup = join(be32(0x30000), ascii('user\0zeek\0database\0test\0\0'));
const mongo = (operation: number, body: Buffer, length = 16 + body.length): Buffer =>
  join(le32(length), le32(1), le32(0), le32(operation), body);
const hello = join('00000000 00', le32(20), zeros(16));
const memcachedBinary = (body: number): Buffer => join('80 00 0003 00 00 0000', be32(body), zeros(12), ascii('key'));
const tds = (type: string, body: Buffer): Buffer =>
  join(type, '01', Buffer.from([0, body.length + 8]), '0000 01 00', body);
const prelogin = join('00 000b 0006 01 0011 0001 ff', zeros(7));
const login7 = join(le32(60), '04000074', zeros(52));
const connect = '(DESCRIPTION=(CONNECT_DATA=(SID=X)))';
const tnsConnect = (mark = connect): Buffer =>
  join(
    Buffer.from([0, 58 + mark.length]),
    '0000 01 00 0000 0138 012c 0000 0800 7fff c60e 0000 0100',
    Buffer.from([0, mark.length]),
    '003a',
    zeros(30),
    ascii(mark),
  );
const cqlStartup = ascii('\0\x01\0\x0bCQL_VERSION\0\x053.0.0');
const kafka = (client: string, key = '0012'): Buffer => {
  const body = join(key, '0003 00000001', Buffer.from([0, client.length]), ascii(client), '00');
  return join(be32(body.length), body);
};
const thrift = join('80010001', be32(9), ascii('getStatus'), '00000001 00');

describeCases(databaseRules, [
  { rule: 'mysql-greeting', port: 3307, bytes: mysqlPacket('00', greeting('5.7.18')), answer: true },
  {
    rule: 'mysql-greeting',
    port: 3306,
    bytes: mysqlPacket('00', join('ff 6904', ascii("Host 'x' is blocked"))),
    answer: true,
  },
  { rule: 'mysql-login', port: 3306, bytes: mysqlPacket('01', login) },
  { rule: 'postgresql-startup', port: 5432, bytes: join(be32(startup.length + 4), startup) },
  { rule: 'postgresql-startup', port: 15_432, bytes: hex('00000008 04d2162f') },
  { rule: 'mongodb-message', port: 27_017, bytes: mongo(2013, hello) },
  { rule: 'mongodb-message', port: 30_000, bytes: mongo(2004, join('00000000', ascii('admin.$cmd\0'), zeros(12))) },
  { rule: 'mongodb-message', port: 27_017, bytes: mongo(1, join('08000000', zeros(16))), answer: true },
  { rule: 'mongodb-message', port: 27_017, bytes: mongo(2012, join('dd070000 20000000 01', zeros(20))) },
  text('redis-command', 6380, '*1\r\n$4\r\nPING\r\n'),
  text('redis-reply', 6380, '-NOAUTH Authentication required.\r\n', answer),
  text('redis-inline', 6379, 'INFO\r\n'),
  text('memcached-text', 11_212, 'set key 0 3600 5\r\nvalue\r\n'),
  text('memcached-text', 11_211, 'stats\r\n'),
  text('memcached-text', 11_212, 'VALUE key 0 5\r\nvalue\r\nEND\r\n', answer),
  { rule: 'memcached-binary', port: 11_211, bytes: memcachedBinary(3) },
  { rule: 'memcached-datagram', port: 11_211, transport: UDP, bytes: join('0001 0000 0001 0000', ascii('stats\r\n')) },
  { rule: 'tds-packet', port: 14_330, bytes: tds('12', prelogin) },
  { rule: 'tds-packet', port: 14_330, bytes: tds('10', login7) },
  { rule: 'tds-packet', port: 1433, bytes: tds('01', ascii('S\0E\0')) },
  { rule: 'oracle-tns-packet', port: 1522, bytes: tnsConnect() },
  { rule: 'oracle-tns-packet', port: 1521, bytes: hex('0008 0000 0b 00 0000'), answer: true },
  { rule: 'cassandra-frame', port: 19_042, bytes: hex('04 00 0000 05 00000000') },
  { rule: 'cassandra-frame', port: 9042, bytes: hex('84 00 0001 02 00000000'), answer: true, looks: 3 },
  { rule: '', port: 5672, bytes: join('01 0000 00000020 000a 000a 00 09', zeros(26), 'cf') },
  { rule: '', port: 19_042, bytes: hex('84 00 0001 02 00000000'), answer: true },
  { rule: 'cassandra-frame', port: 9042, bytes: join('03 00 0001 01', be32(cqlStartup.length), cqlStartup) },
  {
    rule: 'elasticsearch-message',
    port: 9300,
    bytes: join('4553', be32(20), '0000000000000007 00 0062e4cb', zeros(7)),
  },
  {
    rule: 'elasticsearch-zen-ping',
    port: 54_328,
    transport: UDP,
    bytes: join('01090804 9bf13e 00000001 0d', Buffer.from('elasticsearch'), '07'),
  },
  { rule: '', port: 54_328, transport: UDP, bytes: join('01090804 9bf13e 00000001 0d', zeros(14)) },
  {
    rule: '',
    port: 54_328,
    transport: UDP,
    bytes: join('01090805 9bf13e 00000001 0d', Buffer.from('elasticsearch'), '07'),
  },
  text('amqp-header', 5672, 'AMQP\0\0\x09\x01'),
  {
    rule: 'amqp-method',
    port: 5672,
    bytes: join('01 0000 00000020 000a 000a 00 09', zeros(26), 'ce'),
    answer: true,
  },
  { rule: 'kafka-request', port: 19_092, bytes: kafka('consumer-1') },
  text('nats-greeting', 4222, 'INFO {"server_id":"N","version":"2.1"}\r\n', answer),
  text('nats-connect', 4222, 'CONNECT {"verbose":false}\r\n'),
  { rule: 'thrift-framed', port: 9160, bytes: join(be32(thrift.length), thrift) },
  { rule: 'thrift-binary', port: 9090, bytes: thrift },
  { rule: 'thrift-compact', port: 9090, bytes: join('82 21 01 09', ascii('getStatus'), '00') },
  { rule: 'thrift-datagram', port: 6831, transport: UDP, bytes: join('82 81 01 09', ascii('emitBatch'), '1c') },
  { rule: 'zeromq-greeting', port: 5555, bytes: hex('ff 00000000 00000001 7f') },
  // Not theirs.
  { rule: '', port: 3306, bytes: mysqlPacket('00', greeting('v5.7')), answer: true },
  { rule: '', port: 3306, bytes: mysqlPacket('00', greeting('5.7.18')) },
  { rule: '', port: 3306, bytes: join(mysqlPacket('00', greeting('5.7.18')), '00'), answer: true },
  { rule: '', port: 3306, bytes: mysqlPacket('01', join(login.subarray(0, 10), '01', login.subarray(10))) },
  { rule: '', port: 5432, bytes: join(be32(startup.length + 5), startup) },
  { rule: '', port: 5432, bytes: hex('00000009 04d2162f') },
  { rule: '', port: 27_017, bytes: mongo(2014, hello) },
  { rule: '', port: 27_017, bytes: mongo(2013, join('ff000000 00', zeros(20))) },
  text('', 6379, '*1\r\n:4\r\n'),
  text('', 6380, 'INFO\r\n'),
  text('', 6379, '+OK\r\n', answer),
  text('', 11_212, 'set key 0 x 5\r\n'),
  text('', 11_212, 'get key\r\n'),
  { rule: '', port: 11_211, bytes: memcachedBinary(4) },
  { rule: '', port: 11_211, transport: UDP, bytes: join('0001 0000 0001 0001', ascii('stats\r\n')) },
  { rule: '', port: 1080, bytes: hex('04 01 0050 c0000201 00') },
  { rule: '', port: 14_330, bytes: tds('01', ascii('S\0E\0')) },
  { rule: '', port: 1522, bytes: tnsConnect('{DESCRIPTION}') },
  { rule: '', port: 9042, bytes: hex('04 00 0000 05 00000001') },
  { rule: '', port: 9300, bytes: join('4553', be32(4), '0000000000000007 00 0062e4cb', zeros(7)) },
  text('', 5672, 'AMQ!\0\0\x09\x01'),
  { rule: '', port: 19_092, bytes: kafka('') },
  { rule: '', port: 19_092, bytes: kafka('consumer-1', '0212') },
  text('', 80, 'INFO { server }\r\n', answer),
  text('', 443, 'CONNECT example.org:443 HTTP/1.1\r\n\r\n'),
  { rule: '', port: 9090, bytes: join('80010005', be32(9), ascii('getStatus'), '00000001 00') },
  { rule: '', port: 9090, bytes: join('82 21 01 09', ascii('get Statu'), '00') },
  { rule: '', port: 5555, bytes: hex('ff 00000000 01000001 7f') },
]);
