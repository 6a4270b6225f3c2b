import type { ReactNode } from 'react';
import type { PreviewedFlow, TextPreview } from '../../shared/jobs.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { fieldsFrom } from '../state/mapping-draft.ts';
import { said, say } from '../../shared/text/say.ts';
import type { FieldProps } from './mapping-field.tsx';

/** What the file holds and what comes of it: its first rows, the flows of them, and what Enclave would do unasked. */

const RAW_ROWS = 5;

export function RawRows({ draft, columns }: Pick<FieldProps, 'draft' | 'columns'>): ReactNode {
  const rows = Math.min(RAW_ROWS, Math.max(0, ...columns.map(({ values }) => values.length)));
  return (
    <div className="table-scroll raw-rows" tabIndex={0} role="group" aria-label={say('First rows of the file')}>
      <table>
        <thead>
          <tr>
            {columns.map(({ column, label }, index) => (
              <th key={index} scope="col">
                {label}
                <span className="mapped">{fieldsFrom(draft, column, index).join(', ') || '\u00a0'}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>
              {columns.map(({ values }, index) => (
                <td key={index} className="mono">
                  {visibleText((values[row] ?? '').slice(0, 64))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A moment of a preview without what it has not: `2017-05-17 01:02:03.5`. */
function shownMoment(time: string): string {
  return time.replace('T', ' ').replace(/(\.\d*?)0*Z$/, (_, fraction: string) => (fraction === '.' ? '' : fraction));
}

/** The end; without its day when that is the day of the start. */
function shownEnd({ start, end }: PreviewedFlow): string {
  const moment = shownMoment(end);
  return end.slice(0, 10) === start.slice(0, 10) ? moment.slice(11) : moment;
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function FlowRow({ flow }: { flow: PreviewedFlow }): ReactNode {
  return (
    <tr>
      <td className="nowrap">{shownMoment(flow.start)}</td>
      <td className="nowrap">{shownEnd(flow)}</td>
      <td className="mono">{endpoint(flow.initiator, flow.initiatorPort)}</td>
      <td className="mono">{endpoint(flow.responder, flow.responderPort)}</td>
      <td>{flow.transport}</td>
      <td className="number">
        {formatCount(flow.packetsOut)} / {formatCount(flow.packetsIn)}
      </td>
      <td className="number">
        {formatCount(flow.bytesOut)} / {formatCount(flow.bytesIn)}
      </td>
      <td>{visibleText(flow.name ?? '')}</td>
    </tr>
  );
}

export function FlowsPreview({ preview, isOld }: { preview: TextPreview; isOld: boolean }): ReactNode {
  const { flows, problems } = preview;
  return (
    <div className="flows-preview" aria-busy={isOld}>
      <p aria-live="polite">
        {flows.length === 0
          ? say('No flow comes of the beginning of the file.')
          : say('{which}; times in UTC, packets and bytes out / in.', {
              which:
                flows.length === 1 ? say('The first flow') : say('The first {flows} flows', { flows: flows.length }),
            })}
      </p>
      {problems.length > 0 && (
        <ul className="mapping-problems">
          {problems.map(({ kind, count, line, message }) => (
            <li key={kind} className="problem">
              {visibleText(message)}{' '}
              <span className="quiet">
                {say('({kind}, {count}×, first at', { kind, count: formatCount(count) })}{' '}
                {preview.kind === 'parquet' ? say('row') : say('line')} {formatCount(line)})
              </span>
            </li>
          ))}
        </ul>
      )}
      {flows.length > 0 && (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Flows as they would be imported')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say('Start')}</th>
                <th scope="col">{say('End')}</th>
                <th scope="col">{say('Initiator')}</th>
                <th scope="col">{say('Responder')}</th>
                <th scope="col">{say('Transport')}</th>
                <th scope="col" className="number">
                  {say('Packets')}
                </th>
                <th scope="col" className="number">
                  {say('Bytes')}
                </th>
                <th scope="col">{say('Name')}</th>
              </tr>
            </thead>
            <tbody>
              {flows.map((flow, index) => (
                <FlowRow key={index} flow={flow} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const UNASKED: Readonly<Partial<Record<TextPreview['origin'], string>>> = said({
  shipped: 'Enclave knows this export and reads it without a mapping.',
  proposed: 'Enclave would read the columns as proposed here.',
  refused: 'Enclave is not sure what the columns mean, and would refuse the file.',
});

export function Unasked({ preview }: { preview: TextPreview }): ReactNode {
  const { origin, mapping, confidence, why } = preview;
  return (
    <div className="mapping-unasked">
      <p>
        {UNASKED[origin] ?? ''}{' '}
        {origin === 'shipped'
          ? ''
          : mapping === null
            ? say('It has no proposal.')
            : say('Confidence of the proposal: {confidence} of 1.', { confidence })}
      </p>
      {why.length > 0 && (
        <details>
          <summary>{say('Reasons')}</summary>
          <ul>
            {why.map((reason) => (
              <li key={reason}>{visibleText(reason)}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
