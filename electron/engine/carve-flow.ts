import { statSync } from 'node:fs';
import { hashFile } from '../capture/evidence-file.ts';
import type { PacketRecord } from '../capture/packet-sink.ts';
import type { CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import {
  type CarvedPacket,
  type FlowPackets,
  type Jobs,
  MAX_FLOW_PACKETS,
  MAX_SHOWN_BYTES,
} from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';
import { PacketChoice } from './carve-choice.ts';
import { chosenRecords, decodeAgain, type FoundEvidence } from './carve.ts';
import { matchedFlows, type MatchedFlows } from './carve-matches.ts';
import { evidenceRuns, filesIn, findOriginal, holdsPackets } from './carve-originals.ts';
import type { EvidencePath } from './evidence-paths.ts';

/** The first packets of one flow, for the window. */

const FLOW_ID = /^[0-9a-f]{16}:\d{1,16}(\.\d{1,4})?:\d$/;

/** Enough was read. */
class Enough extends Error {}

/** Originals whose hash was checked in this thread, by path: what the file looked like then. */
const checked = new Map<string, string>();

function missing(evidence: EvidenceInfo, why: string): EnclaveError {
  const remedy = 'put the original back at this place, or carve with: enclave carve --evidence';
  return new EnclaveError('evidence-missing', why, evidence.path, remedy);
}

function changed(path: string, why: string): EnclaveError {
  const message = `the file is not the one that was imported: ${why}`;
  return new EnclaveError('evidence-changed', message, path, 'find the original');
}

/** The original of evidence with the hash that the case has; a file that is as it was when last hashed is not hashed again. */
function soundOriginal(
  evidence: EvidenceInfo,
  elsewhere: readonly EvidencePath[],
  progress: () => void,
): FoundEvidence {
  const original = findOriginal(evidence, elsewhere, progress);
  if ('fault' in original) {
    if (original.fault === 'changed') throw changed(evidence.path, original.why);
    throw missing(evidence, 'the original is not there');
  }
  const { path } = original;
  try {
    const { size, mtimeMs, ino, dev } = statSync(path);
    const look = `${size}/${mtimeMs}/${ino}/${dev}/${evidence.sha256}`;
    if (checked.get(path) !== look) {
      const sha256 = hashFile(path, progress);
      if (sha256 !== evidence.sha256) throw changed(path, `its SHA-256 is ${sha256}`);
      checked.set(path, look);
    }
  } catch (error) {
    if (error instanceof EnclaveError) throw error;
    throw missing(evidence, 'the original cannot be read');
  }
  return { evidence, path };
}

/** Reads until `enough` says so, or to the end. */
async function readUntil(enough: () => boolean, progress: () => void, read: (tell: () => void) => Promise<void>) {
  try {
    await read(() => {
      progress();
      if (enough()) throw new Enough();
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
}

/** @param progress throws to stop */
export async function flowPackets(
  reader: CaseReader,
  request: Jobs['flowPackets']['request'],
  progress: () => void,
): Promise<FlowPackets> {
  const { flow, evidenceDirectory } = request;
  const limit = Math.min(request.limit, MAX_FLOW_PACKETS);
  const matches = FLOW_ID.test(flow)
    ? matchedFlows(reader, compileFilter(parseFilter(`id = "${flow}"`), reader))
    : new Map<string, MatchedFlows>();
  const [id, matched] = [...matches][0] ?? [];
  const all = reader.evidence();
  const evidence = all.find((each) => each.id === id);
  if (matched === undefined || evidence === undefined) {
    throw new EnclaveError('no-flow', 'the case has no such flow', flow, 'look at the list of flows again', 1);
  }
  if (!holdsPackets(evidence.format)) {
    throw new EnclaveError('no-packets', 'the flow comes from a flow export and has no packets', evidence.path, '', 1);
  }
  const [run] = evidenceRuns(all, (each) => (each === evidence ? matched.lastEnd : undefined));
  const elsewhere = filesIn(evidenceDirectory);
  const files = run.map((each) => soundOriginal(each, elsewhere, progress));
  const choice = new PacketChoice(files.map((_, file) => (file === 0 ? matched : undefined)));
  const isExport = matched.datagrams.length > 0;

  await readUntil(
    () => choice.size >= limit || (!isExport && matched.isComplete),
    progress,
    (tell) => decodeAgain(reader, files, { flows: choice }, (_file, before) => choice.beginFile(before), tell),
  );

  const packets: CarvedPacket[] = [];
  const clockOffset = Math.round(evidence.custody.clockOffset * 1e6);
  let before = 0;
  const wanted = Math.min(limit, choice.size);
  const records = chosenRecords(choice, (record, bytes, start, time, _linkType, number) => {
    if (packets.length < wanted) packets.push(shown(record, bytes, start, time + clockOffset, number - before));
  });
  await readUntil(
    () => packets.length >= wanted,
    progress,
    (tell) =>
      decodeAgain(
        reader,
        files,
        { records },
        (_file, packetsBefore) => {
          before = packetsBefore;
        },
        tell,
      ),
  );
  if (packets.length === 0) {
    const isLog = !isExport && matched.outcome().unseen > 0;
    const why = isLog ? 'the flow is a record of a log and has no packets' : 'no packet of the flow was found';
    throw new EnclaveError('no-packets', why, evidence.path, '', 1);
  }
  return { path: files[0].path, packets, all: isExport ? choice.size : matched.packets, isExport };
}

function shown(
  record: Readonly<PacketRecord>,
  bytes: Uint8Array,
  start: number,
  time: number,
  number: number,
): CarvedPacket {
  const { captured, original: length } = record;
  const beginning = bytes.subarray(start, start + Math.min(captured, MAX_SHOWN_BYTES));
  return { number, time: formatUtc(time), length, captured, bytes: Buffer.from(beginning).toString('hex') };
}
