import { TCP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED } from '../../../shared/payload.ts';
import { CloserRule, type PayloadRule } from './rule.ts';

/**
 * Programs that run their own protocol inside TLS and show a certificate of their maker instead of a host name (up to TLS 1.2, where it is
 * in clear). The subjects are facts that public dissectors and captures agree on.
 */

/** Rule → protocol, and one attribute of the subject that is enough. */
const OWNERS: readonly (readonly [rule: string, protocol: string, attributes: readonly string[]])[] = [
  ['anydesk-certificate', 'anydesk', ['CN=AnyDesk Client', 'O=philandro Software GmbH']],
  ['forticlient-certificate', 'forticlient', ['OU=FortiGate']],
  ['nomachine-certificate', 'nomachine', ['O=NoMachine', 'O=NoMachine S.a.r.l.']],
  ['geforce-now-certificate', 'tls', ['CN=NVIDIA GameStream Server', 'CN=NVIDIA GameStream Client']],
  ['private-internet-access-certificate', 'tls', ['O=Private Internet Access']],
  ['sonos-certificate', 'tls', ['O=Sonos, Inc.', 'O=Sonos, Inc']],
  ['kakaotalk-certificate', 'tls', ['O=Kakao', 'O=Kakao Corp.']],
];

/** Never tried: a flow comes to them from the rule of TLS, by its server's certificate. */
export const certificateOwnerRules: readonly PayloadRule[] = OWNERS.map(([id, protocol]) => ({
  id,
  protocol,
  transport: TCP,
  firstBytes: [],
  recognise: () => NOT_RECOGNISED,
}));

/** The rule of the owner that a certificate's subject names; null for all others. */
export function ownerOf(attributes: readonly string[]): CloserRule | null {
  const found = OWNERS.find(([, , known]) => attributes.some((attribute) => known.includes(attribute)));
  return found === undefined ? null : new CloserRule(found[0]);
}
