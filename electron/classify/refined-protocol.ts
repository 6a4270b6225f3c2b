/**
 * What runs inside TLS, QUIC or DTLS cannot be read. Three things tell it nevertheless: a port that is registered for the one protocol that
 * begins with a handshake there, the name of a DNS resolver, and the name of a program's own relays.
 */

const SECURE_MAIL_AND_FILES = [
  [465, 'smtps'],
  [990, 'ftps'],
  [993, 'imaps'],
  [995, 'pop3s'],
] as const;
const DNS_OVER_TLS_PORT = 853;
/** Ports of drafts of RFC 9250. */
const OLDER_DNS_OVER_QUIC_PORTS = [784, 8853] as const;

/** Protocol that was seen → responder's port → what is spoken there (RFC 7858, 8094, 8314, 9250; IANA's register of ports). */
export const PROTOCOL_ON_PORT: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  tls: new Map(SECURE_MAIL_AND_FILES),
  quic: new Map([DNS_OVER_TLS_PORT, ...OLDER_DNS_OVER_QUIC_PORTS].map((port) => [port, 'encrypted-dns'])),
  dtls: new Map([[DNS_OVER_TLS_PORT, 'encrypted-dns']]),
};

/** The catalogue's pattern → what its hosts speak inside TLS, and nothing else. */
export const PROTOCOL_OF_RELAYS: Readonly<Record<string, string>> = { 'net.anydesk.com': 'anydesk' };

/** Protocols over which DNS is asked in secret (RFC 7858, 8484, 9250). */
export const CARRIES_ENCRYPTED_DNS: ReadonlySet<string> = new Set(['tls', 'quic', 'http2', 'dtls']);

/** What a log may tell of the content of a connection that is HTTP. */
export const RUNS_OVER_HTTP: ReadonlySet<string> = new Set(['ocsp', 'hls', 'mpeg-dash']);

/** A label that resolvers bear: `dns`, `doh`, `dot`, `dns10`, `dnsnl`, `family-doh`, `doh-fi`. */
const RESOLVER_LABEL = /^(r?dns([a-z]{2}|\d{0,3})|do[ht]\d{0,3}|[a-z\d]+-(dns|doh)|(dns|doh)-[a-z\d-]+)$/;
/** Sites of those who run resolvers. */
const SITE_LABEL = /^(www|my|app|api|blog|help|support|docs|status|account|dashboard|download)$/;

/**
 * Whether a TLS or QUIC server of this name is taken for a resolver of DNS over TLS, HTTPS or QUIC: a label before the last two says so, or
 * it is a host of a service that runs resolvers and not that service's site.
 */
export function isResolverName(hostname: string, isResolverService: boolean): boolean {
  const labels = hostname.toLowerCase().split('.');
  if (labels.slice(0, -2).some((label) => RESOLVER_LABEL.test(label))) return true;
  if (!isResolverService) return false;
  return RESOLVER_LABEL.test(labels[0] ?? '') || (labels.length > 2 && !SITE_LABEL.test(labels[0] ?? ''));
}
