import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { type AnswerSink, dnsRules } from './dns.ts';
import { httpRequestRule, httpResponseRule } from './http.ts';
import { peerToPeerRules } from './peer-to-peer.ts';
import { quicRules } from './quic.ts';
import type { PayloadRule } from './rule.ts';
import { sshRule } from './ssh.ts';
import { tlsRecordRule, tlsRule } from './tls.ts';

type Candidate = readonly [index: number, rule: PayloadRule];

/** Rules that can apply to a payload, by its first byte; those tied to a first byte come before the others. */
function tableOf(rules: readonly PayloadRule[], transport: number): readonly (readonly Candidate[])[] {
  return Array.from({ length: 256 }, (_, byte) => {
    const fits = rules
      .map((rule, index): Candidate => [index, rule])
      .filter(([, rule]) => rule.transport === transport && (rule.firstBytes?.includes(byte) ?? true));
    return [...fits.filter(([, rule]) => rule.firstBytes), ...fits.filter(([, rule]) => !rule.firstBytes)];
  });
}

const NO_RULE: PayloadRule = { id: '', protocol: '', transport: -1, recognise: () => NOT_RECOGNISED };

/** Tries the payload rules on the first payloads of a flow, by transport and first byte. */
export class PayloadRecogniser implements PayloadInspector {
  /** Entry 0 stands for "none". */
  readonly rules: readonly PayloadRule[];
  readonly #tcp: readonly (readonly Candidate[])[];
  readonly #udp: readonly (readonly Candidate[])[];

  /** @param answers receives every address that a DNS answer gave a client */
  constructor(answers: AnswerSink) {
    this.rules = [
      NO_RULE,
      tlsRule,
      tlsRecordRule,
      httpRequestRule,
      httpResponseRule,
      sshRule,
      ...peerToPeerRules,
      ...quicRules,
      ...dnsRules(answers),
    ];
    this.#tcp = tableOf(this.rules, TCP);
    this.#udp = tableOf(this.rules, UDP);
  }

  inspect(payload: Payload): InspectionResult {
    if (payload.rule !== 0) return this.rules[payload.rule].recognise(payload);
    const { transport } = payload;
    if (transport !== TCP && transport !== UDP) return NOT_RECOGNISED;
    const table = transport === TCP ? this.#tcp : this.#udp;
    let wantsMore = false;
    for (const [index, rule] of table[payload.bytes[payload.start]]) {
      const result = rule.recognise(payload);
      if (result === NOT_RECOGNISED) continue;
      if (result === WANTS_MORE) {
        wantsMore = true;
        continue;
      }
      payload.rule = index;
      return result;
    }
    payload.name = '';
    payload.userAgent = '';
    return wantsMore ? WANTS_MORE : NOT_RECOGNISED;
  }
}
