import { describe, expect, it } from 'vitest';
import type { FlowComparison, Verdict } from './compare.ts';
import { addKept, noKeptCategories, precisionByEvidence } from './flow-only.ts';
import { summarise } from './summary.ts';
import { expectedProtocols } from './suricata-checks.ts';

const flow = (service: Verdict, engine = 'nDPI-1', guessed = false): FlowComparison => ({
  path: 'a.pcap',
  engine,
  guessed,
  flow: 'tcp 192.0.2.1 1 → 192.0.2.2 2',
  presence: 'found',
  ourFlow: 'e:1:0',
  verdicts: { service },
});

describe('the summary', () => {
  const { text, unjudged } = summarise(
    [
      {
        flows: [
          flow({ outcome: 'agree', expected: 'zoom', ours: 'zoom' }),
          flow({ outcome: 'more-specific', expected: 'google', ours: 'youtube' }),
          flow({ outcome: 'differ', expected: 'qq', ours: 'wechat' }),
          flow({ outcome: 'differ', expected: 'zoom', ours: 'line' }),
          // Not counted: the engine states nothing, guessed, has no word of ours, or does not say services.
          flow({ outcome: 'more-specific', expected: 'none', ours: 'steam' }),
          flow({ outcome: 'missing', expected: 'zoom', ours: 'none' }, 'nDPI-1', true),
          flow({ outcome: 'not-in-vocabulary', expected: 'Nobody', ours: 'none' }),
          flow({ outcome: 'agree', expected: 'zoom', ours: 'zoom' }, 'zeek'),
        ],
        oursOnly: new Map(),
      },
    ],
    null,
    null,
  );

  it('counts what the engine states, and who was judged right', () => {
    expect(text).toContain('| service, nDPI and nDPId | 4 | 1 | 1 | 2 | 0 | 50.0 % | 1, 0, 0 | 75.0 % | ≥ 95 % |');
    expect(text).toContain('2 of 4 that both name (50.0 %); wrong after judging: 1 (25.0 %');
  });

  it('tells what nobody looked at', () => {
    expect(unjudged).toEqual(['a.pcap: tcp 192.0.2.1 1 → 192.0.2.2 2: service zoom, ours line']);
  });
});

it('categories that are kept without payload', () => {
  const kept = noKeptCategories();
  const stripped = { category: 'unknown', labelEvidence: 'none', transport: 'tcp', responderPort: 22 } as const;
  addKept(
    kept,
    [
      { id: '1', protocol: 'tls', category: 'social', labelEvidence: 'payload' },
      { id: '2', protocol: 'tls', category: 'social', labelEvidence: 'payload' },
      { id: '3', protocol: 'dns', category: 'infra', labelEvidence: 'payload' },
      { id: '4', protocol: 'tls', category: 'web', labelEvidence: 'payload' },
      { id: '5', protocol: 'unknown', category: 'unknown', labelEvidence: 'none' },
      // What had its category by port or behaviour had no payload before.
      { id: '6', protocol: 'unknown', category: 'remote', labelEvidence: 'port' },
      { id: '7', protocol: 'unknown', category: 'p2p', labelEvidence: 'behaviour' },
    ],
    [
      { ...stripped, id: '1', category: 'social', labelEvidence: 'address' },
      { ...stripped, id: '2' },
      { ...stripped, id: '3', category: 'infra', labelEvidence: 'payload' },
      { ...stripped, id: '4', category: 'p2p', labelEvidence: 'port' },
      { ...stripped, id: '6', category: 'remote', labelEvidence: 'port' },
      { ...stripped, id: '7', category: 'p2p', labelEvidence: 'behaviour' },
    ],
  );
  const wrong = { labelled: 1, kept: 0, lost: 0, other: 1 };
  const right = { labelled: 1, kept: 1, lost: 0, other: 0 };
  expect(precisionByEvidence(kept, true)).toEqual([
    ['address', right],
    ['port tcp/22', wrong],
  ]);
  expect(precisionByEvidence(kept, false)).toEqual([
    ['address', right],
    ['port', wrong],
  ]);
  expect(kept.all).toEqual({ labelled: 4, kept: 2, lost: 1, other: 1 });
  expect(kept.withoutDns).toEqual({ labelled: 3, kept: 1, lost: 1, other: 1 });
  expect(kept.byCategory.get('social')).toEqual({ labelled: 2, kept: 1, lost: 1, other: 0 });
});

it('protocols that Suricata’s checks name', () => {
  const check = (count: number, match: object): string =>
    JSON.stringify({ path: 'a.pcap', kind: 'check', engine: 'suricata', count, match });
  const found = expectedProtocols([
    check(1, { event_type: 'http' }),
    check(2, { event_type: 'flow', app_proto: 'ftp' }),
    check(0, { event_type: 'tls' }),
    check(1, { event_type: 'alert' }),
    '',
  ]);
  expect([...(found.get('a.pcap') ?? [])]).toEqual(['http', 'ftp']);
});
