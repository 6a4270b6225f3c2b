import type { Aspect, FlowComparison } from './compare.ts';

/**
 * Differences from other tools that were looked at one by one: who is right, and why. Flows are told by what is said of them, and by the
 * capture where only there it is so. What no line names is not judged, and counts as wrong.
 */

export type Right = 'we' | 'they' | 'neither' | 'open';

export interface Judgement {
  readonly aspect: Aspect;
  /** What the other tool says; a list stands for several. */
  readonly theirs: readonly string[] | null;
  /** What we say; null for whatever. */
  readonly ours: readonly string[] | null;
  /** A part of the capture's path. */
  readonly capture?: string;
  readonly right: Right;
  readonly why: string;
}

const FUZZED = 'fuzz-2006-06-26-2594';

export const JUDGEMENTS: readonly Judgement[] = [
  {
    aspect: 'service',
    theirs: ['qq'],
    ours: ['wechat'],
    right: 'we',
    why: 'names below `wx.qq.com` are WeChat’s (Weixin), which lies under QQ’s domain',
  },
  {
    aspect: 'service',
    theirs: ['google-cloud'],
    ours: ['google-services'],
    right: 'we',
    why: 'the SNI is one of Google’s advertising hosts; nDPI took the address, which also rents out',
  },
  {
    aspect: 'service',
    theirs: ['skype-teams'],
    ours: ['microsoft-365', 'microsoft'],
    right: 'we',
    why: 'Microsoft Stream and Microsoft’s crash reports by SNI; nDPI took the address of Teams',
  },
  {
    aspect: 'service',
    theirs: ['microsoft-365'],
    ours: ['bing'],
    right: 'we',
    why: '`bing.com` is the search engine, for which the vocabulary has a word; nDPI counts it among the office’s names',
  },
  {
    aspect: 'service',
    theirs: ['apple-app-store'],
    ours: ['itunes'],
    right: 'neither',
    why: '`buy.itunes.apple.com` serves both of Apple’s stores',
  },
  {
    aspect: 'service',
    theirs: ['amazon'],
    ours: ['ads-analytics'],
    right: 'neither',
    why: '`amazon-adsystem.com`: Amazon’s firm, advertising by purpose',
  },
  {
    aspect: 'service',
    theirs: ['dropbox'],
    ours: ['none'],
    capture: 'coap_mqtt',
    right: 'we',
    why: 'CoAP on Dropbox’s port; nDPI took the port',
  },
  {
    aspect: 'service',
    theirs: ['pluralsight'],
    ours: ['none', 'ads-analytics'],
    right: 'neither',
    why: 'customer names at imgix, Qualtrics and Adobe: the host is theirs, the customer Pluralsight; we name hosts',
  },
  {
    aspect: 'service',
    theirs: ['gearup-booster'],
    ours: ['none'],
    right: 'neither',
    why: 'one datagram of 4 or 8 random bytes without an echo: only the port is left, and a port names nothing',
  },
  {
    aspect: 'service',
    theirs: ['discord', 'nordvpn', 'geforce-now', 'zoom', 'netease-games', 'cod-mobile', 'iqiyi', 'sonos'],
    ours: ['none'],
    right: 'they',
    why: 'known to nDPI by lists of addresses, or by forms too short for a rule of ours',
  },
  {
    aspect: 'service',
    theirs: ['ntop', 'windows-update'],
    ours: ['none'],
    right: 'they',
    why: 'told by the `Server` header or the User-Agent; we do not name services by them',
  },
  {
    aspect: 'service',
    theirs: ['cloudflare'],
    ours: ['none'],
    right: 'they',
    why: 'a certificate of Cloudflare’s, of which the capture lacks the end',
  },
  {
    aspect: 'protocol',
    theirs: ['stun'],
    ours: ['telegram-mtproto'],
    right: 'we',
    why: 'requests of Telegram’s calls to its reflector, without STUN’s cookie or lengths',
  },
  {
    aspect: 'protocol',
    theirs: ['gnutella'],
    ours: ['tls'],
    right: 'we',
    why: 'a TLS ClientHello behind one zero byte; made-up traffic',
  },
  {
    aspect: 'protocol',
    theirs: ['dns'],
    ours: ['mdns', 'llmnr'],
    right: 'we',
    why: 'multicast forms, kinds of DNS',
  },
  {
    aspect: 'protocol',
    theirs: ['netbios', 'netbios.smb1', 'dns', 'sip'],
    ours: ['unknown'],
    capture: FUZZED,
    right: 'neither',
    why: 'fuzzed: the bytes that we ask for are damaged, the port is left',
  },
  {
    aspect: 'protocol',
    theirs: ['gtp'],
    ours: ['icmp'],
    right: 'neither',
    why: 'Arkime gives the inner conversation the tunnel’s name too; our flow around it is another one',
  },
  {
    aspect: 'protocol',
    theirs: ['xmpp'],
    ours: ['unknown'],
    right: 'we',
    why: 'binary frames on port 5223 that begin with no XML; nDPI took the port',
  },
  {
    aspect: 'protocol',
    theirs: ['soap'],
    ours: ['unknown'],
    right: 'neither',
    why: 'XML seen midway, without an envelope of SOAP in sight',
  },
  {
    aspect: 'protocol',
    theirs: ['ftp-data'],
    ours: ['unknown'],
    right: 'they',
    why: 'Zeek follows the commands of the control connection; we see data alone',
  },
  {
    aspect: 'protocol',
    theirs: ['armagetron', 'rtsp'],
    ours: ['unknown'],
    right: 'they',
    why: 'the start of the flow is cut off, and what follows is too little for our rule',
  },
  {
    aspect: 'hostname',
    theirs: null,
    ours: ['none'],
    capture: FUZZED,
    right: 'neither',
    why: 'fuzzed counts of the DNS header: 38 or 100 questions in 71 bytes, or none at all; nDPI reads a name all the same',
  },
  {
    aspect: 'ja4',
    theirs: null,
    ours: null,
    capture: '/dtls.pcap',
    right: 'we',
    why: 'DTLS 1.3 alone in `supported_versions`, which the definition (FoxIO, JA4) puts before the old field’s 1.2',
  },
  {
    aspect: 'ja4',
    theirs: null,
    ours: null,
    capture: 'sonos',
    right: 'we',
    why: 'the server name is an address in digits: the definition (FoxIO, JA4) asks whether the extension is there, so `d`',
  },
];

/** The judgement of one difference; null when nobody looked at it. */
export function judgementOf(flow: FlowComparison, aspect: Aspect): Judgement | null {
  const verdict = flow.verdicts[aspect];
  if (verdict === undefined) return null;
  return (
    JUDGEMENTS.find(
      (one) =>
        one.aspect === aspect &&
        (one.theirs?.includes(verdict.expected) ?? true) &&
        (one.ours?.includes(verdict.ours) ?? true) &&
        (one.capture === undefined || flow.path.includes(one.capture)),
    ) ?? null
  );
}
