import { FlowAssembly } from '../../electron/flows/flow-assembly.ts';
import type { EvidenceSink, ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { AddressWords } from '../../shared/address.ts';

/**
 * `node test/bench/flow-assembly.ts [RECORDS]`: how many one-way records a second FlowAssembly takes, made up on the way,
 * at a rate of flows that it can keep open for as long as it wants, and at a hundred times that.
 */

const records = Number(process.argv[2] ?? 2_000_000);

function measure(flowsPerSecond: number): string {
  let flows = 0;
  let problems = 0;
  const sink: EvidenceSink = {
    flow() {
      flows++;
    },
    answer() {},
    logName() {},
    problem() {
      problems++;
    },
  };
  const assembly = new FlowAssembly(sink, DEFAULT_TIMEOUTS);
  const exporter: AddressWords = [0, 0, 0xffff, 0x0a00_0001];
  const client: [number, number, number, number] = [0, 0, 0xffff, 0];
  const server: [number, number, number, number] = [0, 0, 0xffff, 0];
  const record: ExportedFlow = {
    start: 0,
    end: 0,
    initiator: client,
    responder: server,
    initiatorPort: 0,
    responderPort: 443,
    transport: 6,
    packetsOut: 10,
    bytesOut: 4000,
    packetsIn: 0,
    bytesIn: 0,
    tcpFlags: 0x1b,
    locator: 0,
    oneWay: true,
    exporter,
    inputInterface: 1,
    outputInterface: 2,
  };
  const begun = process.cpuUsage();
  for (let i = 0; i < records; i++) {
    const flow = i >>> 1;
    const way = i & 1;
    const random = Math.imul(flow, 0x9e3779b1) >>> 0;
    record.initiator = way === 0 ? client : server;
    record.responder = way === 0 ? server : client;
    client[3] = 0xaf2d_0000 + (random & 1023);
    server[3] = Math.imul(random, 0x85ebca6b) >>> 0;
    record.initiatorPort = way === 0 ? 32_768 + (random >>> 17) : 443;
    record.responderPort = way === 0 ? 443 : 32_768 + (random >>> 17);
    record.start = 1.5e15 + (flow * 1e6) / flowsPerSecond + way * 1000;
    record.end = record.start + 1e6;
    record.locator = i + 1;
    assembly.flow(record);
  }
  assembly.end();
  const seconds = process.cpuUsage(begun).user / 1e6;
  const rate = (records / seconds / 1e6).toFixed(2);
  return `${flowsPerSecond} flows/s: ${rate} M records/s, ${flows} flows, ${problems} problems\n`;
}

for (const flowsPerSecond of [130, 13_000]) process.stdout.write(measure(flowsPerSecond));
