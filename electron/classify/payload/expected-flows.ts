import { TCP, UDP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type Payload, WATCH } from '../../../shared/payload.ts';
import { isDigit, startsWithFolded, verdict } from './payload-fields.ts';
import { latin1, NO_PROTOCOL, type PayloadRule, startsWith } from './rule.ts';

/** Flows that another flow of the same evidence announced: FTP's data connections, and measurements by a client that is known to make them. */

/** Rules that are tied to a first byte are tried before others; content may look like anything. */
const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);
const MOST_ENDPOINTS = 4096;
const KEPT_US = 300e6;

/** Addresses with ports, of which the oldest are forgotten; and those that were not named for five minutes. */
class EndpointMemory {
  readonly #times = new Map<string, number>();
  /** Ports that were ever noted: most packets go to none of them, and need no key. */
  readonly #ports = new Uint8Array(65_536);

  note(address: Int32Array, port: number, time: number): void {
    const key = `${address.join()} ${port}`;
    this.#ports[port] = 1;
    this.#times.delete(key);
    this.#times.set(key, time);
    if (this.#times.size <= MOST_ENDPOINTS) return;
    for (const oldest of this.#times.keys()) {
      this.#times.delete(oldest);
      break;
    }
  }

  has(address: Int32Array, port: number, time: number): boolean {
    if (this.#ports[port] === 0) return false;
    const noted = this.#times.get(`${address.join()} ${port}`);
    return noted !== undefined && Math.abs(time - noted) <= KEPT_US;
  }
}

const LONGEST_LINE = 256;
/** `h1,h2,h3,h4,p1,p2` (RFC 959, 4.1.2): the port is in the last two. */
const SIX_NUMBERS = /\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})/;
/** `|||port|` and `|2|address|port|` (RFC 2428, 2 and 3). */
const LAST_NUMBER = /(?:\|[^|]*\|[^|]*)\|(\d{1,5})\|/;

/** The port of a data connection that a line of FTP announces: by the server in a reply, by the client in a command; 0 when none. */
function announcedPort({ bytes, start, end, fromInitiator }: Payload): number {
  const isPort = fromInitiator && startsWithFolded(bytes, start, end, 'PORT ');
  const isExtended =
    (fromInitiator && startsWithFolded(bytes, start, end, 'EPRT ')) ||
    (!fromInitiator && startsWith(bytes, start, end, '229 '));
  if (!isPort && !isExtended && (fromInitiator || !startsWith(bytes, start, end, '227 '))) return 0;
  const line = latin1(bytes, start, Math.min(end, start + LONGEST_LINE));
  const found = (isExtended ? LAST_NUMBER : SIX_NUMBERS).exec(line);
  if (found === null) return 0;
  const port = isExtended ? Number(found[1]) : Number(found[1]) * 256 + Number(found[2]);
  return port > 0 && port < 65_536 ? port : 0;
}

/**
 * Rules that remember across flows, and listeners to the rules that they remember from. Each recogniser has its own, for one evidence.
 */
export class ExpectedFlows {
  readonly #ftpData = new EndpointMemory();
  readonly #gearUpClients = new EndpointMemory();

  /** Tried before all others. */
  readonly rules: readonly PayloadRule[] = [
    {
      id: 'ftp-data-announced',
      protocol: 'ftp-data',
      transport: TCP,
      firstBytes: EVERY_BYTE,
      recognise: ({ source, sourcePort, destination, destinationPort, time }) =>
        verdict(this.#ftpData.has(destination, destinationPort, time) || this.#ftpData.has(source, sourcePort, time)),
    },
    {
      id: 'gearup-booster-ping',
      protocol: NO_PROTOCOL,
      transport: UDP,
      firstBytes: EVERY_BYTE,
      recognise: ({ start, end, source, destinationPort, fromInitiator, time }) =>
        verdict(
          fromInitiator &&
            (end - start === 4 || end - start === 8) &&
            this.#gearUpClients.has(source, destinationPort, time),
        ),
    },
  ];

  /** The rule, listened to where it announces flows. */
  heard(rule: PayloadRule): PayloadRule {
    if (rule.protocol === 'ftp') return { ...rule, recognise: (payload) => this.#hearFtp(rule, payload) };
    if (rule.id !== 'gearup-booster-echo') return rule;
    return {
      ...rule,
      recognise: (payload) => {
        const result = rule.recognise(payload);
        // The answer goes to the client, from the port that it measures.
        if (result !== NOT_RECOGNISED) this.#gearUpClients.note(payload.destination, payload.sourcePort, payload.time);
        return result;
      },
    };
  }

  #hearFtp(rule: PayloadRule, payload: Payload): ReturnType<PayloadRule['recognise']> {
    if (payload.rule === 0) {
      const result = rule.recognise(payload);
      if (result === NOT_RECOGNISED) return result;
    }
    const { bytes, start } = payload;
    if (isDigit(bytes[start]) || payload.fromInitiator) {
      const port = announcedPort(payload);
      if (port !== 0) this.#ftpData.note(payload.source, port, payload.time);
    }
    return WATCH;
  }
}
