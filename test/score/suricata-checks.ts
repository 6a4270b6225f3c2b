import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { FlowSource } from './own-flows.ts';

/** What Suricata's own tests expect of a file: events of a protocol. They tell no flows. */

/** Event type or application protocol of Suricata → our protocols, any of which is meant. */
const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  'bittorrent-dht': ['bittorrent'],
  bittorrent_dht: ['bittorrent'],
  dcerpc: ['dcerpc'],
  dhcp: ['dhcp'],
  dnp3: ['dnp3'],
  dns: ['dns'],
  ftp: ['ftp'],
  'ftp-data': ['ftp-data'],
  ftp_data: ['ftp-data'],
  http: ['http', 'soap', 'ocsp', 'websocket', 'webdav', 'http-proxy', 'json-rpc', 'http2'],
  http2: ['http2'],
  imap: ['imap'],
  mqtt: ['mqtt'],
  nfs: ['nfs'],
  pgsql: ['postgresql'],
  quic: ['quic'],
  rfb: ['vnc'],
  sip: ['sip'],
  smb: ['smb1', 'smb2'],
  smtp: ['smtp'],
  ssh: ['ssh'],
  tls: ['tls', 'imaps', 'pop3s', 'smtps', 'ftps', 'encrypted-dns', 'tor'],
  websocket: ['websocket'],
};

const Check = z.object({
  path: z.string(),
  kind: z.literal('check'),
  engine: z.literal('suricata'),
  count: z.number(),
  match: z.record(z.string(), z.unknown()),
});

export interface SeenProtocols {
  /** Pairs of file and protocol. */
  expected: number;
  seen: number;
  /** `file: protocol` of the others. */
  unseen: string[];
}

/** Pairs of file and protocol that checks with a count above 0 name. */
export function expectedProtocols(lines: readonly string[]): Map<string, Set<string>> {
  const expected = new Map<string, Set<string>>();
  for (const line of lines) {
    if (!line.includes('"suricata"')) continue;
    const check = Check.safeParse(JSON.parse(line));
    if (!check.success || check.data.count === 0) continue;
    const { match } = check.data;
    const name = typeof match.app_proto === 'string' ? match.app_proto : match.event_type;
    if (typeof name !== 'string' || PROTOCOLS[name] === undefined) continue;
    const known = expected.get(check.data.path) ?? new Set();
    expected.set(check.data.path, known.add(name));
  }
  return expected;
}

/** Reads each file and looks which of the protocols its flows have. */
export async function seenProtocols(folder: string, flowsOf: FlowSource): Promise<SeenProtocols> {
  const lines = readFileSync(path.join(folder, 'expected.jsonl'), 'utf8').split('\n');
  const result: SeenProtocols = { expected: 0, seen: 0, unseen: [] };
  for (const [file, names] of expectedProtocols(lines)) {
    const evidence = path.join(folder, file);
    const got = existsSync(evidence) ? await flowsOf(evidence) : { failure: 'not there' };
    const ours = new Set('flows' in got ? got.flows.map(({ protocol }) => protocol) : []);
    for (const name of names) {
      result.expected++;
      if (PROTOCOLS[name]?.some((protocol) => ours.has(protocol))) result.seen++;
      else result.unseen.push(`${file}: ${name}`);
    }
  }
  return result;
}
