import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { formatAddress, parseAddress } from '../../shared/address.ts';
import { transportName } from '../../shared/flow.ts';

/** What other tools say of an evidence file: the flow records of expected.jsonl, in our terms. */

/** What an engine's byte counts cover; `null` when it gives none that can be compared. */
export type ByteBasis = 'frame' | 'ip' | 'exporter' | null;

export interface ExpectedFlow {
  /** Evidence file, relative to the folder of expected.jsonl. */
  path: string;
  /** Engine and, where the same file was run several times, its configuration. */
  engine: string;
  run: string;
  /** null when the record is not an IP flow with two addresses. */
  tuple: Tuple | null;
  /** Names as the engine gives them; empty when it names nothing. `MASTER.APP` of nDPI is two names. */
  names: string[];
  /** nDPI's names run from carrier to carried; others' stand side by side. */
  namesAreChain: boolean;
  /** The engine says that the label rests on ports or addresses alone. */
  guessed: boolean;
  /** Empty when the engine gives none; several where its session covers several. */
  hostname: string[];
  ja3: string[];
  ja4: string[];
  packetsOut: number | null;
  packetsIn: number | null;
  bytesOut: number | null;
  bytesIn: number | null;
  byteBasis: ByteBasis;
  /** Microseconds since the epoch; null when the engine does not tell (or masks) it. */
  start: number | null;
}

export interface Tuple {
  transport: string;
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
}

const Port = z.union([z.number(), z.string()]).optional();
const Count = z.number().optional();
const Text = z.string().optional();
const Texts = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((given) => [given ?? []].flat().filter((text) => text !== ''));
const Line = z.object({
  path: z.string(),
  kind: z.string(),
  engine: z.string().optional(),
  config: Text,
  l4: z.union([z.string(), z.number()]).optional(),
  src_ip: Text,
  src_port: Port,
  dst_ip: Text,
  dst_port: Port,
  proto: Text,
  protocols: z.array(z.unknown()).optional(),
  guessed: z.boolean().optional(),
  hostname: Texts,
  ja3: Texts,
  ja4: Texts,
  packets_c2s: Count,
  packets_s2c: Count,
  bytes_c2s: Count,
  bytes_s2c: Count,
  ip_bytes_c2s: Count,
  ip_bytes_s2c: Count,
  first_ts: Count,
  start_utc: Text,
});

const TRANSPORT_ALIASES: Readonly<Record<string, string>> = {
  icmpv6: 'icmp6',
  'ipv6-icmp': 'icmp6',
  pgm: '113',
};

/** What some engines list as flows though it does not run over IP. */
const NOT_IP = new Set(['arp', 'rarp', 'llc', 'eapol']);

/** Transports whose port fields hold ports; others are matched by addresses alone. */
const WITH_PORTS = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite']);

function canonicalAddress(text: string): string | null {
  const words = parseAddress(text);
  return words === null ? null : formatAddress(...words);
}

function canonicalTransport(l4: string | number, address: string): string {
  const text = String(l4).toLowerCase();
  const named = TRANSPORT_ALIASES[text] ?? (/^\d+$/.test(text) ? transportName(Number(text)) : text);
  return named === 'icmp' && address.includes(':') ? 'icmp6' : named;
}

/** Whether the port fields tell the two ends apart. */
export function hasPorts(tuple: Tuple): boolean {
  return WITH_PORTS.has(tuple.transport);
}

/** Identity of a five-tuple in either direction. */
export function tupleKey(tuple: Tuple): string {
  const ports = hasPorts(tuple);
  const ends = [
    `${tuple.source} ${ports ? tuple.sourcePort : ''}`,
    `${tuple.destination} ${ports ? tuple.destinationPort : ''}`,
  ];
  return [tuple.transport, ...ends.toSorted()].join(' ');
}

function byteBasis(engine: string): ByteBasis {
  if (engine === 'zeek') return 'ip';
  if (engine.startsWith('nfdump')) return 'exporter';
  return engine.startsWith('nDPI-') || engine === 'arkime' || engine.startsWith('argus') ? 'frame' : null;
}

function startOf(line: z.infer<typeof Line>): number | null {
  if (line.first_ts !== undefined) return Math.round(line.first_ts * 1e6);
  const time = line.start_utc === undefined ? Number.NaN : Date.parse(`${line.start_utc.replace(' ', 'T')}Z`);
  return Number.isNaN(time) ? null : time * 1000;
}

/** Reads one line of expected.jsonl; null when it is not a flow record of an engine. Throws when it is not JSON. */
export function expectedFlow(text: string): ExpectedFlow | null {
  const line = Line.parse(JSON.parse(text));
  const { engine } = line;
  if (line.kind !== 'flow' || engine === undefined) return null;
  const source = canonicalAddress(line.src_ip ?? '');
  const destination = canonicalAddress(line.dst_ip ?? '');
  const namesAreChain = engine.startsWith('nDPI');
  const separator = namesAreChain ? '.' : ',';
  return {
    path: line.path,
    engine,
    run: line.config ?? '',
    tuple:
      source === null || destination === null || line.l4 === undefined || NOT_IP.has(String(line.l4))
        ? null
        : {
            transport: canonicalTransport(line.l4, source),
            source,
            sourcePort: Number(line.src_port ?? 0),
            destination,
            destinationPort: Number(line.dst_port ?? 0),
          },
    names: line.proto?.split(separator) ?? line.protocols?.filter((name) => typeof name === 'string') ?? [],
    namesAreChain,
    guessed: line.guessed === true,
    hostname: line.hostname,
    ja3: line.ja3,
    ja4: line.ja4,
    packetsOut: line.packets_c2s ?? null,
    packetsIn: line.packets_s2c ?? null,
    bytesOut: line.ip_bytes_c2s ?? line.bytes_c2s ?? null,
    bytesIn: line.ip_bytes_s2c ?? line.bytes_s2c ?? null,
    byteBasis: byteBasis(engine),
    start: startOf(line),
  };
}

/** All flow records of an expected.jsonl, by evidence file, in the order of the file. */
export function readExpected(file: string): Map<string, ExpectedFlow[]> {
  const byPath = new Map<string, ExpectedFlow[]>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.trim() === '') continue;
    const flow = expectedFlow(line);
    if (flow === null) continue;
    const known = byPath.get(flow.path);
    if (known) known.push(flow);
    else byPath.set(flow.path, [flow]);
  }
  return byPath;
}
