import { expect, it } from 'vitest';
import { isResolverName, PROTOCOL_ON_PORT } from '../../electron/classify/refined-protocol.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';

it('names of resolvers', () => {
  for (const name of [
    'dns.a.example',
    'doh.a.example',
    'fi.doh.dns.a.example',
    'DNS10.a.example',
    'doh-2.a.example',
    'dnsnl.a.example',
  ]) {
    expect([name, isResolverName(name, false)]).toEqual([name, true]);
  }
  for (const name of [
    'www.a.example',
    'dns.example',
    'mydnsserver.a.example',
    'dnsmasq-docs.a.example',
    'a.dns',
    'dots.a.example',
    '',
  ]) {
    expect([name, isResolverName(name, false)]).toEqual([name, false]);
  }
});

it('names of those who run resolvers: their hosts, not their sites', () => {
  expect(isResolverName('dns.google', true)).toBe(true);
  expect(isResolverName('mozilla.cloudflare-dns.com', true)).toBe(true);
  expect(isResolverName('www.quad9.net', true)).toBe(false);
  expect(isResolverName('quad9.net', true)).toBe(false);
  expect(isResolverName('my.nextdns.io', true)).toBe(false);
});

it('ports lead to protocols of the vocabulary', () => {
  const spoken = Object.values(PROTOCOL_ON_PORT).flatMap((ports) => [...ports.values()]);
  expect(spoken.filter((protocol) => PROTOCOLS[protocol] === undefined)).toEqual([]);
  expect(PROTOCOL_ON_PORT.tls?.get(993)).toBe('imaps');
});
