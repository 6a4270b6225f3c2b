import { describe, expect, it } from 'vitest';
import { type LabelBasis, labelDetail } from '../../shared/label-detail.ts';

const basis: LabelBasis = {
  labelEvidence: 'none',
  hostname: null,
  nameOrigin: 'none',
  match: null,
  payloadRule: null,
  protocol: 'unknown',
  service: null,
  category: 'unknown',
  transport: 'tcp',
  responderPort: 8333,
  seenIn: null,
  tables: null,
};

describe('labelDetail', () => {
  it('tells the evidence first and the label last', () => {
    const facebook = { hostname: 'edge-mqtt.facebook.com', match: 'facebook.com', service: 'facebook' };
    expect(labelDetail({ ...basis, ...facebook, labelEvidence: 'hostname', nameOrigin: 'tls-sni' })).toBe(
      'TLS SNI edge-mqtt.facebook.com → facebook.com → facebook',
    );
    const youku = { hostname: 'video.youku.com', match: 'youku.com', service: 'youku' };
    expect(labelDetail({ ...basis, ...youku, labelEvidence: 'dns', nameOrigin: 'dns-answer-client' })).toBe(
      'DNS answer to this client: video.youku.com → youku.com → youku',
    );
    expect(labelDetail({ ...basis, labelEvidence: 'payload', payloadRule: 'bitcoin-magic', protocol: 'bitcoin' })).toBe(
      'payload rule bitcoin-magic → bitcoin',
    );
    expect(labelDetail({ ...basis, labelEvidence: 'address', match: '157.240.0.0/16', service: 'facebook' })).toBe(
      'address block 157.240.0.0/16 → facebook',
    );
    expect(labelDetail({ ...basis, labelEvidence: 'port', match: 'ssh', responderPort: 22, category: 'remote' })).toBe(
      'port hint 22 (tcp) → registered for ssh, no payload was seen → remote',
    );
    expect(labelDetail({ ...basis, labelEvidence: 'behaviour', category: 'scan' })).toBe('behaviour → scan');
  });

  it('tells where that was seen and whose fact it is', () => {
    const placed = { ...basis, seenIn: 'packet 4', tables: 'catalogue 2026.11.5' };
    const facebook = { hostname: 'edge-mqtt.facebook.com', match: 'facebook.com', service: 'facebook' };
    expect(labelDetail({ ...placed, ...facebook, labelEvidence: 'hostname', nameOrigin: 'tls-sni' })).toBe(
      'TLS SNI edge-mqtt.facebook.com in packet 4 → facebook.com → facebook; catalogue 2026.11.5',
    );
    const block = { labelEvidence: 'address', match: '157.240.0.0/16', service: 'facebook' } as const;
    expect(labelDetail({ ...placed, ...block })).toBe('address block 157.240.0.0/16 → facebook; catalogue 2026.11.5');
    const magic = { labelEvidence: 'payload', payloadRule: 'bitcoin-magic', protocol: 'bitcoin' } as const;
    expect(labelDetail({ ...placed, ...magic })).toBe('payload rule bitcoin-magic in packet 4 → bitcoin');
  });

  it('names a category where there is no service, and a name once when it is its own pattern', () => {
    const site = { hostname: 'example.org', match: 'example.org', category: 'web' };
    expect(labelDetail({ ...basis, ...site, labelEvidence: 'hostname', nameOrigin: 'http-host' })).toBe(
      'HTTP Host example.org → web',
    );
  });

  it('says that nothing matched, and what there was', () => {
    expect(labelDetail(basis)).toBe('no rule matched; port hint 8333 (tcp)');
    expect(labelDetail({ ...basis, transport: 'icmp' })).toBe('no rule matched');
    expect(labelDetail({ ...basis, hostname: 'x.test', nameOrigin: 'quic-sni' })).toBe(
      'no rule matched; QUIC SNI x.test; port hint 8333 (tcp)',
    );
  });

  it('is one visible line, whatever the name', () => {
    const hostile = `\u202e<b>\r\n${'x'.repeat(5000)}`;
    const line = labelDetail({ ...basis, hostname: hostile, labelEvidence: 'hostname', nameOrigin: 'tls-sni' });
    expect(line).toMatch(/^TLS SNI \\u202e<b>\\u000d\\u000ax+… → unknown$/);
    expect(line.length).toBeLessThan(300);
  });
});
