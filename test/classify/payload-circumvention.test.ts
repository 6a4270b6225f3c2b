import { createCipheriv } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { circumventionRules, isRandomBase32, looksEncrypted } from '../../electron/classify/payload/circumvention.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { clientHello } from './payload-writer.ts';
import { ascii, describeCaptures, describeCases, hex } from './payload-trial.ts';

const tcp = { transport: TCP };
const udp = { transport: UDP };
const dense = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => 1 + ((i * 37) % 255)));

/** A ClientHello in a TLS record; `extensions` stand behind those it has. */
function tlsHello(name: string, extensions = ''): Buffer {
  const hello = Buffer.from(clientHello(name));
  const added = hex(extensions);
  if (added.length > 0) {
    // Behind version, random, session, suites and compression stands the length of the extensions.
    let at = 38;
    at += 1 + (hello[at] ?? 0);
    at += 2 + hello.readUInt16BE(at);
    at += 1 + (hello[at] ?? 0);
    hello.writeUInt16BE(hello.readUInt16BE(at) + added.length, at);
    hello.writeUIntBE(hello.readUIntBE(1, 3) + added.length, 1, 3);
  }
  const body = Buffer.concat([hello, added]);
  const head = hex('160301 0000');
  head.writeUInt16BE(body.length, 3);
  return Buffer.concat([head, body]);
}

const dot = '0010 0006 0004 03 646f74';
const h2 = '0010 0005 0003 02 6832';
const dnscrypt = Buffer.concat([ascii('r6fnvWj8'), dense(64)]);
const socks4 = hex('04 01 0050 c6336401 75736572 00');

describeCases(circumventionRules, [
  { what: 'eight bytes', rule: 'ultrasurf-opening', said: [['>', hex('cc1c3041 5ba43866 00')]], flow: tcp },
  { what: 'eight other bytes', rule: '', said: [['>', hex('cc1c3041 5ba43867 00')]], flow: tcp },
  { what: 'an offer and a choice', rule: 'socks5-greeting', said: [['>', hex('05 02 00 02')], ['<', hex('05 02')]], flow: tcp },
  { what: 'an offer and a refusal', rule: 'socks5-greeting', said: [['>', hex('05 01 02')], ['<', hex('05 ff')]], flow: tcp },
  { what: 'the client alone, with its request', rule: 'socks5-greeting', said: [['>', hex('05 01 00 05 01 00 01 c6336401 0050')]], flow: tcp },
  { what: 'SOCKS5, an offer alone', rule: '', said: [['>', hex('05 01 00')]], flow: { transport: TCP, destinationPort: 1080 } },
  { what: 'SOCKS5, a choice not offered', rule: '', said: [['>', hex('05 01 00')], ['<', hex('05 02')]], flow: tcp },
  { what: 'SOCKS5, one method twice', rule: '', said: [['>', hex('05 02 00 00')], ['<', hex('05 00')]], flow: tcp },
  { what: 'SOCKS5, offered by the responder', rule: '', said: [['<', hex('05 01 00')], ['>', hex('05 00')]], flow: tcp },
  { what: 'SOCKS5, a request that runs over', rule: '', said: [['>', hex('05 01 00 05 01 00 01 c6336401 0050 00')]], flow: tcp },
  { what: 'a name for the server to resolve', rule: 'socks4-request', said: [['>', hex('04 01 0050 00000001 00 6578616d706c652e636f6d 00')]], flow: tcp },
  { what: 'granted', rule: 'socks4-reply', said: [['>', socks4], ['<', hex('00 5a 0050 c6336401')]], flow: tcp },
  { what: 'SOCKS4, a request alone', rule: '', said: [['>', socks4]], flow: { transport: TCP, destinationPort: 1080 } },
  { what: 'SOCKS4, an answer that is none', rule: '', said: [['>', socks4], ['<', hex('00 50 0050 c6336401')]], flow: tcp },
  { what: 'SOCKS4, an answer to nothing', rule: '', said: [['<', hex('00 5a 0050 c6336401')]], flow: tcp },
  { what: 'SOCKS4, command 3', rule: '', said: [['>', hex('04 03 0050 c6336401 00')], ['<', hex('00 5a 0050 c6336401')]], flow: tcp },
  { what: 'CONNECT', rule: 'http-proxy-request', said: [['>', ascii('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')]], flow: tcp },
  { what: 'an address in full', rule: 'http-proxy-request', said: [['>', ascii('GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n')]], flow: tcp },
  { what: 'a request to the server itself', rule: '', said: [['>', ascii('GET /?u=http://example.com/ HTTP/1.1\r\nHost: a\r\n\r\n')]], flow: { transport: TCP, destinationPort: 3128 } },
  { what: 'CONNECT without a version', rule: '', said: [['>', ascii('CONNECT example.com:443\r\n\r\n')]], flow: tcp },
  { what: 'TLS on its port', rule: 'encrypted-dns-over-tls', said: [['>', tlsHello('dns.example.com')]], flow: { transport: TCP, destinationPort: 853 } },
  { what: 'a client that asks for dot', rule: 'encrypted-dns-over-tls', said: [['>', tlsHello('dns.example.com', dot)]], flow: tcp },
  { what: 'TLS for the web', rule: '', said: [['>', tlsHello('dns.example.com', h2)]], flow: { transport: TCP, destinationPort: 443 } },
  { what: 'no TLS on port 853', rule: '', said: [['>', hex('16 0900 0005 0100000000')]], flow: { transport: TCP, destinationPort: 853 } },
  { what: 'a name made up', rule: 'tor-made-up-name', said: [['>', tlsHello('www.q4cyamnc6mtokjurvdclt.com')]], flow: tcp },
  { what: 'Tor’s kind of name, from a browser', rule: '', said: [['>', tlsHello('www.q4cyamnc6mtokjurvdclt.com', h2)]], flow: tcp },
  { what: 'a name that people chose', rule: '', said: [['>', tlsHello('www.365online.com')]], flow: tcp },
  { what: 'a name with a digit that base32 lacks', rule: '', said: [['>', tlsHello('www.q4cyamnc6m1okjurvdclt.com')]], flow: tcp },
  { what: 'a resolver answers', rule: 'dnscrypt-answer', said: [['<', dnscrypt]], flow: udp },
  { what: 'DNSCrypt, another magic', rule: '', said: [['<', Buffer.concat([ascii('r6fnvWj9'), dense(64)])]], flow: udp },
  { what: 'DNSCrypt cut short', rule: '', said: [['<', dnscrypt.subarray(0, 40)]], flow: udp },
  { what: 'a resolver answers', rule: 'dnscrypt-answer-tcp', said: [['<', Buffer.concat([hex('0048'), dnscrypt])]], flow: tcp },
]); // prettier-ignore

describeCaptures(circumventionRules, [
  ['ndpi/pcap/socks.pcap', 'socks5-greeting', 2],
  ['ndpi/pcap/socks.pcap', 'socks4-request', 1],
  ['ndpi/pcap/socks.pcap', 'socks4-reply', 1],
  ['ndpi/pcap/http-proxy.pcapng', 'http-proxy-request', 1],
  ['ndpi/pcap/dns_dot.pcap', 'encrypted-dns-over-tls', 1],
  ['ndpi/pcap/tor.pcap', 'tor-made-up-name', 5],
  ['ndpi/pcap/dnscrypt_skype_false_positive.pcapng', 'dnscrypt-answer', 3],
]);

describe('a name that chance made', () => {
  it('has digits among its letters in two places, or no vowel for long', () => {
    for (const name of ['ct7ctrgb6cr7', 'e6r5p57kbafwrxj3plz', 'gfu7hbxpfp']) expect(isRandomBase32(name)).toBe(true);
    for (const name of ['4wheelparts', 'channel7', 'web2print', '365online', 'rhythmblues', 'strengths']) {
      expect(isRandomBase32(name)).toBe(false);
    }
  });
});

describe('what looks encrypted', () => {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const noise = cipher.update(Buffer.alloc(4096));

  it('is ciphertext, with the figures behind it', () => {
    const look = looksEncrypted(noise.subarray(0, 300));
    expect(look).toMatchObject({ bytes: 300 });
    expect(look?.bitsPerByte).toBeCloseTo(4, 0);
    expect(look?.printable).toBeLessThan(0.5);
  });

  it('is not text, a greeting, zeros, TLS, or what is too short to tell', () => {
    const text = ascii('A line of plain text, and another one behind it, as mail has them.\r\n');
    expect(looksEncrypted(text)).toBeNull();
    expect(looksEncrypted(Buffer.concat([ascii('GREET1'), noise.subarray(0, 300)]))).toBeNull();
    expect(looksEncrypted(Buffer.concat([noise.subarray(0, 200), text.subarray(0, 40)]))).toBeNull();
    expect(looksEncrypted(Buffer.concat([hex('16030101ff'), noise.subarray(0, 300)]))).toBeNull();
    expect(looksEncrypted(Buffer.concat([noise.subarray(0, 40), Buffer.alloc(100)]))).toBeNull();
    expect(looksEncrypted(noise.subarray(0, 31))).toBeNull();
  });

  it('may be compressed too: it does not say what it is', () => {
    const compressed = deflateRawSync(Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i) % 251)));
    expect(looksEncrypted(compressed.subarray(0, 400))).not.toBeNull();
  });
});
