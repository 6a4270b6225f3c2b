import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { certificateOwnerRules } from './certificate-owners.ts';
import { circumventionRules, ENCRYPTED_UNCLASSIFIED, isEncryptedLook } from './circumvention.ts';
import { cryptocurrencyRules } from './cryptocurrency.ts';
import { databaseRules } from './databases.ts';
import { type AnswerSink, dnsRules } from './dns.ts';
import { dtlsHelloRule } from './dtls.ts';
import { ExpectedFlows } from './expected-flows.ts';
import { fileTransferRules } from './file-transfer.ts';
import { gameFormRules } from './game-forms.ts';
import { gameRules } from './games.ts';
import { http2Rule } from './http2.ts';
import { httpApplicationRules } from './http-applications.ts';
import { httpRequestRule, httpResponseRule } from './http.ts';
import { industrialRules } from './industrial.ts';
import { iotRules } from './iot.ts';
import { localNameRules } from './local-names.ts';
import { mailRules } from './mail.ts';
import { mediaStreamingRules } from './media-streaming.ts';
import { messagingRules } from './messaging.ts';
import { namingAndTimeRules } from './naming-and-time.ts';
import { networkManagementRules } from './network-management.ts';
import { peerToPeerRules } from './peer-to-peer.ts';
import { quicRules } from './quic.ts';
import { remoteAccessRules } from './remote-access.ts';
import { CloserRule, type PayloadRule } from './rule.ts';
import { serviceFormRules } from './service-forms.ts';
import { sshRule } from './ssh.ts';
import { compatibleHelloRule, tlsRecordRule, tlsRule } from './tls.ts';
import { voipRules } from './voip.ts';
import { vpnRules } from './vpn.ts';
import { windowsNetworkingRules } from './windows-networking.ts';

const NO_RULE: PayloadRule = { id: '', protocol: '', transport: -1, recognise: () => NOT_RECOGNISED };

/** Entry 0 stands for "none". */
function allRules(answers: AnswerSink): readonly PayloadRule[] {
  const expected = new ExpectedFlows();
  const rules = [
    NO_RULE,
    ...expected.rules,
    // What wears the form of TLS or HTTP goes before them, and asks them for the names.
    ...circumventionRules,
    // Forms of one service within STUN, DNS and others.
    ...serviceFormRules,
    ...gameFormRules,
    ...iotRules,
    ...mediaStreamingRules,
    ...peerToPeerRules,
    ...cryptocurrencyRules,
    ...httpApplicationRules,
    tlsRule,
    tlsRecordRule,
    compatibleHelloRule,
    ...certificateOwnerRules,
    httpRequestRule,
    httpResponseRule,
    http2Rule,
    sshRule,
    ...quicRules,
    ...localNameRules(answers),
    ...dnsRules(answers),
    // TPKT and DCE RPC carry industrial protocols.
    ...industrialRules,
    dtlsHelloRule,
    ...vpnRules,
    ...voipRules,
    ...messagingRules,
    ...gameRules,
    ...mailRules,
    ...fileTransferRules,
    ...remoteAccessRules,
    ...databaseRules,
    ...windowsNetworkingRules,
    ...namingAndTimeRules,
    ...networkManagementRules,
    // The last one.
    ENCRYPTED_UNCLASSIFIED,
  ];
  return rules.map((rule) => expected.heard(rule));
}

/** Numbers of the rules that can apply to a payload, by its first byte; those tied to a first byte come before the others. */
function tableOf(rules: readonly PayloadRule[], transport: number): readonly (readonly number[])[] {
  const tied: number[][] = Array.from({ length: 256 }, () => []);
  const untied: number[] = [];
  for (const [number, { firstBytes, transport: over }] of rules.entries()) {
    if (over !== transport) continue;
    if (firstBytes === undefined) untied.push(number);
    else for (const byte of new Set(firstBytes)) tied[byte].push(number);
  }
  return tied.map((numbers) => [...numbers, ...untied]);
}

/** The same for every recogniser: only where answers go differs between them. */
const RULES = allRules(() => undefined);
const TCP_RULES = tableOf(RULES, TCP);
const UDP_RULES = tableOf(RULES, UDP);

/** Tries the payload rules on the first payloads of a flow, by transport and first byte. */
export class PayloadRecogniser implements PayloadInspector {
  readonly rules: readonly PayloadRule[];
  /** Of each rule: a call through so many objects of several shapes takes longer than what most rules do. */
  readonly #recognisers: readonly ((payload: Payload) => InspectionResult)[];
  readonly #encrypted: number;
  readonly #numbers: ReadonlyMap<string, number>;

  /** @param answers receives every address that a DNS answer gave a client */
  constructor(answers: AnswerSink) {
    this.rules = allRules(answers);
    this.#recognisers = this.rules.map(({ recognise }) => recognise);
    this.#encrypted = this.rules.length - 1;
    this.#numbers = new Map(this.rules.map(({ id }, number) => [id, number]));
  }

  inspect(payload: Payload): InspectionResult {
    const result = this.#tryRules(payload);
    if (payload.memory instanceof CloserRule) {
      payload.rule = this.#numbers.get(payload.memory.id) ?? payload.rule;
      payload.memory = null;
    }
    return result;
  }

  #tryRules(payload: Payload): InspectionResult {
    if (payload.rule !== 0 && payload.rule !== this.#encrypted) return this.rules[payload.rule].recognise(payload);
    // Rules take a number that stands here for their own.
    const wasEncrypted = payload.rule !== 0;
    payload.rule = 0;
    const { transport } = payload;
    if (transport !== TCP && transport !== UDP) return NOT_RECOGNISED;
    const table = transport === TCP ? TCP_RULES : UDP_RULES;
    let wantsMore = false;
    const numbers = table[payload.bytes[payload.start]];
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      const recognise = this.#recognisers[number];
      const result = recognise(payload);
      if (result === NOT_RECOGNISED) continue;
      if (result === WANTS_MORE) {
        wantsMore = true;
        continue;
      }
      payload.rule = number;
      return result;
    }
    payload.name = '';
    payload.userAgent = '';
    payload.via = '';
    payload.forwardedFor = '';
    payload.ja3 = '';
    payload.ja4 = '';
    if (wasEncrypted) payload.rule = this.#encrypted;
    if (wantsMore) return WANTS_MORE;
    if (isEncryptedLook(payload)) payload.rule = this.#encrypted;
    return NOT_RECOGNISED;
  }
}
