import { visibleText } from './visible-text.ts';

/**
 * What kinds of device showed themselves from one address, and whether several share it. Everything here is what machines say of
 * themselves or let slip: User-Agents can be set at will, names of hosts are their owners', initial hop counts are a system's
 * custom. Hence reasons and counts with each, and what does not fit is told, not resolved.
 */

/** Something seen from an address, and in how many flows. */
export interface Seen {
  readonly value: string;
  readonly flows: number;
}

/** What flows from one address show. Absent kinds of evidence are empty lists. */
export interface DeviceEvidence {
  /** HTTP User-Agent, gQUIC UAID, DHCP vendor class, system in SSDP. */
  readonly userAgents: readonly Seen[];
  /** Of the TLS and QUIC hellos that the address sent. */
  readonly ja4s: readonly Seen[];
  /** First IP TTL or hop limit of the address's packets, 1 to 255, and in how many flows. */
  readonly ttls: readonly { readonly value: number; readonly flows: number }[];
  /** Names that the host gave itself: DHCP lease, mDNS, NetBIOS. */
  readonly names: readonly Seen[];
  /** TCP options of its SYNs, as `synOptions` of the flow record has them. */
  readonly synOptions: readonly Seen[];
  /** HTTP fields of its requests that proxies add: Via; X-Forwarded-For or Forwarded. */
  readonly via: readonly Seen[];
  readonly forwardedFor: readonly Seen[];
}

export type SystemFamily = 'apple-mobile' | 'mac' | 'windows' | 'android' | 'linux' | 'console' | 'appliance';

/** A kind of device, with what speaks for it. */
export interface Device {
  /** `iPad`, `Windows 10 PC`, `Android phone`, … */
  readonly kind: string;
  readonly family: SystemFamily;
  /** Flows that show it. */
  readonly flows: number;
  /** In words, with what was seen; and what speaks against it. */
  readonly why: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly kind: string;
  readonly family: SystemFamily;
}

const rule = (pattern: RegExp, kind: string, family: SystemFamily): Rule => ({ pattern, kind, family });

/** Windows by the version that browsers tell (Microsoft, "User-Agent strings"); 10 stands for 11 too. */
const WINDOWS_VERSIONS: readonly (readonly [string, string])[] = [
  ['10\\.0', 'Windows 10 or 11 PC'],
  ['6\\.3', 'Windows 8.1 PC'],
  ['6\\.2', 'Windows 8 PC'],
  ['6\\.1', 'Windows 7 PC'],
  ['6\\.0', 'Windows Vista PC'],
  ['5\\.[12]', 'Windows XP PC'],
];

/** The first that fits decides: special before general, since most claim to be something else besides. */
const USER_AGENTS: readonly Rule[] = [
  rule(/\bXbox\b/i, 'game console (Xbox)', 'console'),
  rule(/\bPlayStation\b|\bPS[345] /i, 'game console (PlayStation)', 'console'),
  rule(/\bNintendo\b/i, 'game console (Nintendo)', 'console'),
  rule(/Windows Phone|IEMobile|\bWPDesktop\b/i, 'Windows phone', 'windows'),
  rule(/\bAppleTV\b|\btvOS\b/i, 'Apple TV', 'apple-mobile'),
  rule(/\bwatchOS\b/i, 'Apple Watch', 'apple-mobile'),
  rule(/\biPad(OS)?\b/, 'iPad', 'apple-mobile'),
  rule(/\biPod\b/, 'iPod', 'apple-mobile'),
  rule(/\biPhone\b/, 'iPhone', 'apple-mobile'),
  rule(
    /\bSMART-TV\b|SmartTV|\bTizen\b.*\bTV\b|Web0S|NetCast|BRAVIA|HbbTV|\bVIDAA\b|AFT[A-Z]\b|\bCrKey\b|\bRoku\b/i,
    'smart TV',
    'appliance',
  ),
  rule(/\bCrOS\b/, 'Chromebook', 'linux'),
  rule(/Android.*\b(Tablet|SM-T\d|Nexus (7|9|10)\b|MediaPad|Lenovo TAB|KF[A-Z]{2,4}\b)/i, 'Android tablet', 'android'),
  rule(/Android.*\bTV\b/i, 'smart TV', 'appliance'),
  rule(/Android.*\bMobile\b|^Dalvik\/|\bandroid-dhcp-|\bokhttp\/.*Android|^Android/i, 'Android phone', 'android'),
  rule(/\bAndroid\b/, 'Android device', 'android'),
  rule(/\bKindle\b/, 'e-reader', 'appliance'),
  ...WINDOWS_VERSIONS.map(([version, kind]) => rule(new RegExp(`\\bWindows NT ${version}`), kind, 'windows')),
  rule(
    /\bWindows\b|^Microsoft[- ]|\bWinHTTP\b|^MSFT 5\.0|Windows-Update-Agent|^MICROSOFT_DEVICE/i,
    'Windows PC',
    'windows',
  ),
  rule(/Macintosh|\bMac OS X\b|\bmacOS\b|\bMac_PowerPC\b/, 'Mac', 'mac'),
  rule(/\bdarwin\d/i, 'Mac', 'mac'),
  rule(/\biOS \d|\bios-app\b/i, 'iPhone or iPad', 'apple-mobile'),
  rule(/\b(LaserJet|OfficeJet|EPSON|BROTHER|Canon|Xerox|Lexmark|Kyocera)\b/i, 'printer', 'appliance'),
  rule(/\b(MikroTik|OpenWrt|DD-WRT|RouterOS|UPnP\/1\.\d Router)\b/i, 'router', 'appliance'),
  rule(/^(udhcp|dhcpcd)\b/, 'Linux device', 'linux'),
  rule(/\bFreeBSD\b|\bOpenBSD\b|\bNetBSD\b/, 'BSD machine', 'linux'),
  rule(/\bX11\b|\bUbuntu\b|\bLinux x86_64\b|linux-gnu|redhat-linux|\bFedora\b|^Debian APT/i, 'Linux PC', 'linux'),
];

/** CFNetwork tells the system by Darwin's version only: from 9 to 13 and later both Macs and phones have had the same numbers. */
const CF_NETWORK = /\bCFNetwork\/[\d.]+ Darwin\/(\d+)/;

/** Names that makers give their devices, as the owner has left them. */
const HOST_NAMES: readonly Rule[] = [
  rule(/iPad/i, 'iPad', 'apple-mobile'),
  rule(/iPhone/i, 'iPhone', 'apple-mobile'),
  rule(/iPod/i, 'iPod', 'apple-mobile'),
  rule(/Apple-?TV/i, 'Apple TV', 'apple-mobile'),
  rule(/MacBook|iMac|Mac-?(mini|Pro|Studio)/i, 'Mac', 'mac'),
  rule(/^android-[0-9a-f]{6,}$|^(Galaxy|Pixel|Redmi|HUAWEI|OnePlus|OPPO|vivo|Xiaomi)[-_]/i, 'Android phone', 'android'),
  rule(/^(DESKTOP|LAPTOP|WIN)-[0-9A-Z]{5,11}$|-PC$/i, 'Windows PC', 'windows'),
  rule(/^(NPI|HP|EPSON|BRN|BRW|Canon)[0-9A-F]{6}|printer|LaserJet|OfficeJet/i, 'printer', 'appliance'),
  rule(/xbox/i, 'game console (Xbox)', 'console'),
  rule(/^PS[345]-|playstation/i, 'game console (PlayStation)', 'console'),
  rule(/^(Samsung|LG|Bravia|Roku|Chromecast|AFT).*TV|^Chromecast|webOSTV/i, 'smart TV', 'appliance'),
  rule(/^(ubuntu|debian|fedora|raspberrypi|kali)\b/i, 'Linux PC', 'linux'),
  rule(/openwrt|mikrotik|router|gateway/i, 'router', 'appliance'),
];

/**
 * Cipher lists (the middle part of JA4, FoxIO, "JA4 technical details") of TLS libraries that come with a system and are used by its
 * own programs. A browser with a library of its own (Chrome, Firefox) shows no system.
 */
const SYSTEM_TLS: Readonly<Record<string, { readonly library: string; readonly families: readonly SystemFamily[] }>> = {
  a09f3c656075: { library: "Apple's TLS library", families: ['apple-mobile', 'mac'] },
  '76e208dd3e22': { library: 'Schannel of Windows', families: ['windows'] },
};

/** Initial hop counts by system (Zalewski, p0f 3 fingerprints): who has 64 or 128 tells families apart, not more. */
const TTL_FAMILIES: Readonly<Record<number, readonly SystemFamily[]>> = {
  64: ['apple-mobile', 'mac', 'android', 'linux', 'console', 'appliance'],
  128: ['windows', 'console'],
  255: ['appliance'],
};

/** Systems by the order of their SYNs' TCP options (Zalewski, p0f 3 fingerprints; Lippmann et al., "Passive operating system
 * identification from TCP/IP packet headers", 2003). Values change with the network on the way, the order does not; a program with
 * a stack of its own may have any. */
const SYN_SYSTEMS: Readonly<Record<string, { readonly system: string; readonly families: readonly SystemFamily[] }>> = {
  'mss,nop,ws,nop,nop,sok': { system: 'Windows', families: ['windows', 'console'] },
  'mss,nop,nop,sok': { system: 'Windows', families: ['windows', 'console'] },
  'mss,sok,ts,nop,ws': { system: 'Linux or Android', families: ['linux', 'android', 'appliance', 'console'] },
  'mss,nop,ws,nop,nop,ts,sok,eol+1': { system: 'Apple', families: ['apple-mobile', 'mac'] },
  'mss,nop,nop,sok,nop,ws,nop,nop,ts': { system: 'OpenBSD', families: ['linux'] },
};

/** Systems whose SYNs were met, and in how many flows, most flows first. */
function synSystems({
  synOptions,
}: DeviceEvidence): { system: string; families: readonly SystemFamily[]; flows: number }[] {
  const met = new Map<string, { system: string; families: readonly SystemFamily[]; flows: number }>();
  for (const { value, flows } of synOptions) {
    const found = SYN_SYSTEMS[value.replaceAll(/=\d+/g, '')];
    if (found !== undefined) met.set(found.system, { ...found, flows: flows + (met.get(found.system)?.flows ?? 0) });
  }
  return [...met.values()].toSorted((one, other) => other.flows - one.flows || (one.system < other.system ? -1 : 1));
}

/** Initial TTL that a packet set out with: the next of 64, 128, 255 (32 counts as 64: few send it, and none today). */
export function initialTtl(ttl: number): 64 | 128 | 255 {
  return ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

/** The kind of device that a User-Agent (or UAID, or DHCP vendor class) claims; null when it claims none. */
export function deviceOfUserAgent(userAgent: string): Pick<Device, 'kind' | 'family'> | null {
  const found = USER_AGENTS.find(({ pattern }) => pattern.test(userAgent));
  if (found !== undefined) return { kind: found.kind, family: found.family };
  const darwin = CF_NETWORK.exec(userAgent);
  return darwin === null ? null : { kind: 'Apple device', family: 'apple-mobile' };
}

/** The kind of device that a host's own name claims; null when it claims none. */
export function deviceOfName(name: string): Pick<Device, 'kind' | 'family'> | null {
  const found = HOST_NAMES.find(({ pattern }) => pattern.test(name));
  return found === undefined ? null : { kind: found.kind, family: found.family };
}

/** Kinds that say no more than a system, and whose flows count to a special kind of these families when one was seen. */
const GENERAL: Readonly<Record<string, readonly SystemFamily[]>> = {
  'Windows PC': ['windows'],
  'Android device': ['android'],
  'Apple device': ['apple-mobile', 'mac'],
  'iPhone or iPad': ['apple-mobile'],
  // Android and what runs in televisions and consoles is Linux, and its DHCP program says so.
  'Linux device': ['linux', 'android', 'appliance', 'console'],
};

/** Longest text quoted in a reason. */
const QUOTED = 120;

function quoted(text: string): string {
  return visibleText(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text);
}

/**
 * The kinds of device that showed themselves, the most flows first. One kind may be several machines. What speaks against a claim
 * (an initial TTL of another system) stands in its reasons.
 */
export function devicesOf(evidence: DeviceEvidence): Device[] {
  const kinds = new Map<string, { family: SystemFamily; flows: number; best: Seen; source: string; texts: number }>();
  const add = (found: Pick<Device, 'kind' | 'family'> | null, seen: Seen, source: string): void => {
    if (found === null) return;
    const known = kinds.get(found.kind);
    if (known === undefined) {
      kinds.set(found.kind, { family: found.family, flows: seen.flows, best: seen, source, texts: 1 });
      return;
    }
    known.flows += seen.flows;
    known.texts++;
    if (seen.flows > known.best.flows || (seen.flows === known.best.flows && seen.value < known.best.value)) {
      known.best = seen;
      known.source = source;
    }
  };
  for (const seen of evidence.userAgents) add(deviceOfUserAgent(seen.value), seen, 'User-Agent');
  for (const seen of evidence.names) add(deviceOfName(seen.value), seen, 'own name');

  for (const [general, families] of Object.entries(GENERAL)) {
    const known = kinds.get(general);
    const special = [...kinds].filter(([kind, { family }]) => !(kind in GENERAL) && families.includes(family));
    const [most] = special.toSorted(([, one], [, other]) => other.flows - one.flows);
    if (known === undefined || most === undefined) continue;
    most[1].flows += known.flows;
    most[1].texts += known.texts;
    kinds.delete(general);
  }

  const systems = synSystems(evidence);
  const ttls = ttlClasses(evidence);
  const libraries = systemLibraries(evidence);
  if (kinds.size === 0) return systems.map((system) => deviceOfSyns(system, ttls));
  return [...kinds]
    .map(([kind, { family, flows, best, source, texts }]) => {
      const more = texts > 1 ? ` and ${texts - 1} more` : '';
      const parts = [`${source} ${quoted(best.value)}${more} (${flows} ${flows === 1 ? 'flow' : 'flows'})`];
      for (const { library, families } of libraries) {
        if (families.includes(family)) parts.push(`${library} by JA4`);
      }
      const fitting = ttls.filter((ttl) => (TTL_FAMILIES[ttl] ?? []).includes(family));
      if (fitting.length > 0) parts.push(`initial TTL ${fitting.join(' and ')} fits`);
      else if (ttls.length > 0)
        parts.push(`but initial TTL ${ttls.join(' and ')} does not fit, nor is the claim checked`);
      const fits = systems.some((system) => system.families.includes(family));
      const names = systems.map(({ system }) => system).join(' and ');
      if (systems.length > 0) parts.push(`${fits ? '' : 'but '}TCP options of SYNs are those of ${names} (p0f 3)`);
      return { kind, family, flows, why: parts.join('; ') };
    })
    .toSorted((one, other) => other.flows - one.flows || (one.kind < other.kind ? -1 : 1));
}

/** All that is known of a machine that names itself nowhere. */
function deviceOfSyns(
  { system, families, flows }: ReturnType<typeof synSystems>[number],
  ttls: readonly number[],
): Device {
  const [family = 'linux'] = families;
  const fitting = ttls.filter((ttl) => families.some((one) => (TTL_FAMILIES[ttl] ?? []).includes(one)));
  const counted = `${flows} ${flows === 1 ? 'flow' : 'flows'}`;
  const why = [`a hint alone: TCP options of SYNs are those of ${system} (p0f 3; ${counted})`];
  if (fitting.length > 0) why.push(`initial TTL ${fitting.join(' and ')} fits`);
  else if (ttls.length > 0) why.push(`but initial TTL ${ttls.join(' and ')} does not fit`);
  return { kind: `${system} system`, family, flows, why: why.join('; ') };
}

function ttlClasses({ ttls }: DeviceEvidence): number[] {
  const met = new Set(ttls.filter(({ value }) => value > 0).map(({ value }) => initialTtl(value)));
  return [...met].toSorted((one, other) => one - other);
}

function systemLibraries({ ja4s }: DeviceEvidence): (typeof SYSTEM_TLS)[string][] {
  const met = new Set(ja4s.map(({ value }) => value.split('_')[1] ?? ''));
  return Object.entries(SYSTEM_TLS).flatMap(([ciphers, library]) => (met.has(ciphers) ? [library] : []));
}

/** Flows that a family must show, so that one odd text does not make a second machine. */
const LEAST_FLOWS = 2;

/**
 * Whether several devices share the address (NAT, proxy, or one machine with others inside): distinct system families by what they
 * claim; initial TTLs of different classes, or of one class after different numbers of hops (Bellovin, "A technique for counting
 * NATted hosts", IMW 2002, uses IP ids likewise; TTL: Phaal, "Detecting NAT devices using sFlow", 2003); SYNs of several systems; what
 * HTTP proxies say of themselves. The evidence should be of an
 * hour or so: over days an address may pass from one machine to another.
 */
export function natSuspected(evidence: DeviceEvidence): { suspected: boolean; why: string[] } {
  const why: string[] = [];
  const systems = synSystems(evidence).filter(({ flows }) => flows >= LEAST_FLOWS);
  if (systems.length > 1) {
    why.push(`TCP options of SYNs as ${systems.map(({ system }) => system).join(' and as ')} make them (p0f 3)`);
  }
  const proxied = evidence.via.reduce((sum, { flows }) => sum + flows, 0);
  if (proxied >= LEAST_FLOWS) why.push(`HTTP requests that a proxy says it passed on (Via, ${proxied} flows)`);
  const others = evidence.forwardedFor.length;
  if (evidence.forwardedFor.reduce((sum, { flows }) => sum + flows, 0) >= LEAST_FLOWS) {
    why.push(
      `HTTP requests that say they were passed on for ${others} ${others === 1 ? 'other' : 'others'} (X-Forwarded-For)`,
    );
  }
  const families = new Map<string, string[]>();
  const kinds = devicesOf({ ...evidence, synOptions: [] }).filter(({ flows }) => flows >= LEAST_FLOWS);
  for (const { kind, family } of kinds) families.set(family, [...(families.get(family) ?? []), kind]);
  if (families.size > 1) {
    why.push(`systems of ${families.size} families: ${[...families.values()].map(([kind]) => kind).join(', ')}`);
  }
  const often = evidence.ttls.filter(({ value, flows }) => value > 0 && flows >= LEAST_FLOWS);
  const classes = new Map<number, Set<number>>();
  for (const { value } of often) {
    const initial = initialTtl(value);
    classes.set(initial, (classes.get(initial) ?? new Set()).add(initial - value));
  }
  if (classes.size > 1) {
    why.push(
      `initial TTLs ${[...classes.keys()].toSorted((one, other) => one - other).join(' and ')} from one address`,
    );
  }
  for (const [initial, hops] of classes) {
    if (hops.size > 1) {
      const list = [...hops].toSorted((one, other) => one - other).join(', ');
      why.push(`packets of initial TTL ${initial} after ${list} hops`);
    }
  }
  return { suspected: why.length > 0, why };
}
