import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandLineSource } from './score.ts';

/** A stand-in for the command line: `import` fails for bad.pcap, `flows` prints what was imported before. */
const LAUNCHER = `
import { readFileSync, writeFileSync } from 'node:fs';
const [verb, file, evidence = ''] = process.argv.slice(2);
if (verb === 'new') writeFileSync(file, 'empty');
if (verb === 'import') {
  if (readFileSync(file, 'utf8') !== 'empty') process.exit(9);
  if (evidence.includes('bad')) { process.stderr.write('bad.pcap: no capture\\n'); process.exit(2); }
  writeFileSync(file, evidence);
  process.exit(evidence.includes('partial') ? 3 : 0);
}
if (verb === 'flows' && readFileSync(file, 'utf8').includes('odd')) process.stdout.write('{}\\n');
else if (verb === 'flows') {
  const flow = { id: readFileSync(file, 'utf8'), start: '2017-05-01T00:00:00.000000Z', initiator: '10.0.0.1', initiatorPort: 1,
    responder: '10.0.0.2', responderPort: 2, transport: 'tcp', packetsOut: 1, packetsIn: 0, bytesOut: 40, bytesIn: 0,
    hostname: null, protocol: 'unknown', service: null, ja3: null, ja4: null, tunnel: null, more: 1 };
  process.stdout.write(JSON.stringify(flow) + '\\n');
}
`;

describe('flows by the command line', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'enclave-score-test-'));
  const launcher = path.join(folder, 'launch.mjs');
  writeFileSync(launcher, LAUNCHER);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('come from a fresh case each, which is removed', async () => {
    const flowsOf = await commandLineSource(folder, launcher);
    expect(await flowsOf('a.pcap')).toMatchObject({ flows: [{ id: 'a.pcap' }] });
    expect(await flowsOf('partial.pcap')).toMatchObject({ flows: [{ id: 'partial.pcap' }] });
    expect(readdirSync(folder).toSorted()).toEqual(['empty.enclave', 'launch.mjs']);
  });

  it('or a reason why there are none', async () => {
    rmSync(path.join(folder, 'empty.enclave'), { force: true });
    const flowsOf = await commandLineSource(folder, launcher);
    expect(await flowsOf('bad.pcap')).toEqual({ failure: 'import: exit code 2: bad.pcap: no capture' });
    expect(await flowsOf('odd.pcap')).toMatchObject({ failure: expect.stringContaining('line 1 is no flow record') });
  });
});
