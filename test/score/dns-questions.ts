import { formatAddress } from '../../shared/address.ts';
import { transportName, UDP } from '../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  type PayloadInspector,
  WATCH,
} from '../../shared/payload.ts';
import { tupleKey } from './expected.ts';
import { ruleHits } from './rule-hits.ts';

/** What DNS messages of a capture ask, read apart from the rules: a flow record shows one question, engines differ in which. */

const DNS_PORTS = new Set([53, 5353, 5355]);

/**
 * The questions of one message (RFC 1035, 4.1.2) as far as they can be read; what stands behind a name may be damaged. Letters are made lower
 * case, other bytes than visible ASCII printed as `\DDD` (RFC 4343). No compression: a first question has nothing to point to.
 */
export function questionsOf(message: Uint8Array): string[] {
  const names: string[] = [];
  let at = 12;
  const count = message.length < at ? 0 : (message[4] << 8) | message[5];
  while (names.length < count) {
    const labels: string[] = [];
    while (at < message.length && message[at] > 0 && message[at] < 64 && at + 1 + message[at] < message.length) {
      const label = Buffer.from(message.subarray(at + 1, at + 1 + message[at])).toString('latin1');
      labels.push(
        label.replaceAll(/[^!-~]/g, (byte) => `\\${byte.charCodeAt(0).toString().padStart(3, '0')}`).toLowerCase(),
      );
      at += 1 + message[at];
    }
    if (message[at] !== 0 || labels.length === 0) break;
    names.push(labels.join('.'));
    at += 5;
  }
  return names;
}

/** Takes the questions of all payloads on DNS ports, by the five-tuple of their flow. */
class QuestionCollector implements PayloadInspector {
  readonly rules = [
    { id: '', protocol: '' },
    { id: 'question', protocol: 'dns' },
  ];
  readonly found = new Map<string, string[]>();

  inspect(payload: Payload): InspectionResult {
    const { bytes, start, end, transport, source, sourcePort, destination, destinationPort } = payload;
    if (transport !== UDP || !(DNS_PORTS.has(sourcePort) || DNS_PORTS.has(destinationPort))) return NOT_RECOGNISED;
    const text = ([a, b, c, d]: Int32Array): string => formatAddress(a >>> 0, b >>> 0, c >>> 0, d >>> 0);
    const key = tupleKey({
      transport: transportName(transport),
      source: text(source),
      sourcePort,
      destination: text(destination),
      destinationPort,
    });
    this.found.set(key, [...(this.found.get(key) ?? []), ...questionsOf(bytes.subarray(start, end))]);
    payload.rule = 1;
    return WATCH;
  }
}

/** All questions of a capture by the key of their five-tuple, in the order of the packets. */
export async function dnsQuestions(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const collector = new QuestionCollector();
  await ruleHits(file, collector);
  return collector.found;
}
