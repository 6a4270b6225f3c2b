import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { FlowRecord } from '../../shared/flow.ts';
import type { FlowPackets } from '../../shared/jobs.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { hexDump } from '../state/hex-dump.ts';
import { localTimeOf } from '../state/local-time.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The packets of a flow, out of the original capture: a list, and the bytes of the one chosen. */

const PAGE = 10;

function placeAfter(key: string, chosen: number, count: number): number | null {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, chosen + 1);
    case 'ArrowUp':
      return Math.max(0, chosen - 1);
    case 'PageDown':
      return Math.min(last, chosen + PAGE);
    case 'PageUp':
      return Math.max(0, chosen - PAGE);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}

function PacketList({ value, timeZone }: { value: FlowPackets; timeZone: string }): ReactNode {
  const { packets, all } = value;
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => list.current?.focus(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = placeAfter(event.key, chosen, packets.length);
    if (next === null) return;
    event.preventDefault();
    setChosen(next);
  };
  const packet = packets[chosen];
  if (packet === undefined) return null;
  const shown = packet.bytes.length / 2;
  return (
    <>
      <p className="quiet">
        {value.isExport
          ? say('The datagram that carried this record of a flow export.')
          : packets.length < all
            ? say('The first {packets} of {all} packets.', {
                packets: formatCount(packets.length),
                all: formatCount(all),
              })
            : `${say('{count|packet|packets}', { count: all })}.`}{' '}
        {say('Times in {timeZone}. The capture has the hash that the case holds.', { timeZone })}
      </p>
      <div className="packet-columns mono" aria-hidden="true">
        <span>{say('Number')}</span>
        <span>{say('Time')}</span>
        <span>{say('Length')}</span>
        <span>{say('Captured')}</span>
      </div>
      <div
        ref={list}
        className="packet-list mono"
        role="listbox"
        aria-label={say('Packets')}
        aria-activedescendant={`${id}-${chosen}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {packets.map(({ number, time, length, captured }, i) => (
          <div
            key={`${number}/${i}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === chosen}
            aria-label={say('Packet {number}, {time}, {length} bytes, {captured} captured', {
              number,
              time: localTimeOf(time, timeZone, 'all'),
              length,
              captured,
            })}
            onClick={() => setChosen(i)}
          >
            <span>{formatCount(number)}</span>
            <span>{localTimeOf(time, timeZone, 'all')}</span>
            <span>{say('{bytes} B', { bytes: formatCount(length) })}</span>
            <span>{say('{bytes} B', { bytes: formatCount(captured) })}</span>
          </div>
        ))}
      </div>
      <h3>
        {say('Packet {number},', { number: formatCount(packet.number) })}{' '}
        <span className="quiet">
          {shown < packet.captured
            ? say('the first {shown} of {captured} B captured', {
                shown: formatCount(shown),
                captured: formatCount(packet.captured),
              })
            : say('{bytes} B captured', { bytes: formatCount(packet.captured) })}
        </span>
      </h3>
      <pre
        className="packet-bytes mono"
        tabIndex={0}
        role="group"
        aria-label={say('Bytes of packet {number}', { number: packet.number })}
      >
        {hexDump(packet.bytes).join('\n')}
      </pre>
    </>
  );
}

/** Why there are no packets to show. */
function NoPackets({ error, flow }: { error: ErrorValue; flow: FlowRecord }): ReactNode {
  if (error.code === 'no-packets') {
    return (
      <Empty title={say('No packets')}>
        <p>{visibleText(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}`)}.</p>
      </Empty>
    );
  }
  if (error.code === 'evidence-missing') {
    return (
      <Empty title={say('The original is not there')}>
        <p className="mono">{visibleText(error.place)}</p>
        <p>
          {say('Put it back at this place, or carve with the command line from where it lies now:')}
          <br />
          <code>{`enclave carve CASE --where 'id = "${flow.id}"' --out FILE.pcapng --evidence FOLDER`}</code>
        </p>
      </Empty>
    );
  }
  return <ErrorNotice error={error} />;
}

function PacketsDialog({ flow, onClose }: { flow: FlowRecord; onClose: () => void }): ReactNode {
  const { version, timeZone } = useWorkbench();
  const { value, error } = useAsk('flowPackets', { flow: flow.id }, version);
  return (
    // A key pressed here is not for the inspector behind.
    <div onKeyDown={(event) => event.stopPropagation()}>
      <Modal label={say('Packets of the flow')} className="packets" onClose={onClose}>
        <header>
          <h2>{say('Packets')}</h2>
          <button type="button" className="quiet small" onClick={onClose}>
            {say('Close')}
          </button>
        </header>
        <p className="mono">
          {flow.initiator} → {flow.responder} {flow.transport} {flow.responderPort}
        </p>
        {value !== null && <PacketList value={value} timeZone={timeZone} />}
        {value === null && error === null && <p role="status">{say('Reading the original capture…')}</p>}
        {error !== null && <NoPackets error={error} flow={flow} />}
      </Modal>
    </div>
  );
}

/** Opens the packets of a flow. */
export function PacketsButton({ flow }: { flow: FlowRecord }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="small" onClick={() => setOpen(true)}>
        {say('Packets…')}
      </button>
      {isOpen && <PacketsDialog flow={flow} onClose={() => setOpen(false)} />}
    </>
  );
}
