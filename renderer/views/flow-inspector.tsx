import type { ReactNode } from 'react';
import type { FlowRecord, LabelEvidence } from '../../shared/flow.ts';
import type { FilterField } from '../../shared/filter/fields.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { CATEGORIES } from '../../shared/vocabulary.ts';
import { categoryColour } from '../category-colours.ts';
import { filterWord } from '../state/filter-completion.ts';
import { durationOf, formatDuration, localTimeOf } from '../state/local-time.ts';
import { countryName } from '../../shared/country-name.ts';
import { fileName } from '../state/names.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useFocusReturn } from '../state/use-focus-return.ts';
import { useWorkbench } from '../state/workbench.ts';
import { NotesPanel } from './notes-panel.tsx';
import { PacketsButton } from './packets.tsx';

/** One flow with everything that the case holds about it, and why it bears its label. */

const RESTS_ON: Readonly<Record<LabelEvidence, string>> = {
  payload: 'What was spoken: a rule recognised the first bytes of the flow.',
  hostname: 'The name that the flow itself carries. It tells whom the flow was for, not what was done there.',
  dns: 'A name that a DNS answer gave to this address shortly before. The flow itself carries none.',
  address: 'Who holds the peer’s address. Several services may share one address.',
  port: 'The port alone: a hint, no proof.',
  behaviour: 'The shape of many flows together, not the content of this one.',
  none: 'Nothing: no rule of the catalogue matched.',
};

interface Fact {
  readonly name: string;
  readonly value: ReactNode;
  /** Filter test for flows like this one. */
  readonly test?: string;
  readonly mono?: boolean;
}

function fact(name: string, value: string | number | null, field?: FilterField, mono = false): Fact | null {
  if (value === null || value === '') return null;
  const shown = typeof value === 'number' ? formatCount(value) : visibleText(value);
  return {
    name,
    value: shown,
    mono,
    ...(field === undefined ? {} : { test: `${field} = ${filterWord(String(value))}` }),
  };
}

function FactList(props: {
  title: string;
  facts: readonly (Fact | null)[];
  onTest: (test: string) => void;
}): ReactNode {
  const facts = props.facts.filter((each) => each !== null);
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>{props.title}</h3>
      <dl className="facts">
        {facts.map(({ name, value, test, mono }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <span className={mono === true ? 'mono' : ''}>{value}</span>
              {test !== undefined && (
                <button
                  type="button"
                  className="quiet tiny"
                  title={`Filter: ${test}`}
                  aria-label={`Show flows with ${test}`}
                  onClick={() => props.onTest(test)}
                >
                  + filter
                </button>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function FlowInspector(props: { flow: FlowRecord; onClose: () => void; onCarve: () => void }): ReactNode {
  const { flow, onClose, onCarve } = props;
  const { timeZone, where, setWhere, overview, askOwnFinding } = useWorkbench();
  const inspector = useFocusReturn<HTMLElement>();
  const onTest = (test: string): void => setWhere(joinFilters(where, test));
  const file = overview.evidence.find((evidence) => evidence.id === flow.evidence);
  const hasPorts = !flow.transport.startsWith('icmp');
  const place = file?.format.startsWith('zeek') ? 'line' : 'packet';
  const meaning = Object.hasOwn(CATEGORIES, flow.category) ? CATEGORIES[flow.category as keyof typeof CATEGORIES] : '';
  return (
    <aside
      ref={inspector}
      className="inspector panel"
      aria-label="Flow"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header>
        <h2>Flow</h2>
        <PacketsButton flow={flow} />
        <button type="button" className="small" onClick={onCarve}>
          Carve…
        </button>
        <button
          type="button"
          className="small"
          onClick={() => askOwnFinding({ picked: { label: `Flow ${flow.id}`, where: `id = "${flow.id}"` }, id: null })}
        >
          Add to finding…
        </button>
        <button type="button" className="quiet small" onClick={onClose}>
          Close
        </button>
      </header>
      <div className="inspector-scroll" tabIndex={0} role="group" aria-label="Fields of the flow">
        <section className="why">
          <h3>Why this label</h3>
          <p className="label-line">
            <span className="swatch" style={{ backgroundColor: categoryColour(flow.category) }} />
            <strong>{visibleText(flow.service ?? flow.protocol)}</strong>
            <span className="quiet">{visibleText(flow.category)}</span>
          </p>
          <p className="detail mono">{flow.labelDetail === null ? 'no detail kept' : visibleText(flow.labelDetail)}</p>
          <p>{RESTS_ON[flow.labelEvidence]}</p>
          <p className="confidence">
            <label htmlFor="confidence">Confidence</label>
            <meter id="confidence" min={0} max={1} value={flow.confidence} />
            <span>{flow.confidence.toFixed(2)} of 1</span>
          </p>
        </section>
        <FactList
          title="Ends"
          onTest={onTest}
          facts={[
            fact('Initiator', flow.initiator, 'initiator', true),
            hasPorts
              ? { name: 'from port', value: String(flow.initiatorPort), mono: true }
              : { name: 'ICMP type', value: String(flow.initiatorPort), mono: true },
            fact('Responder', flow.responder, 'responder', true),
            hasPorts
              ? {
                  name: 'to port',
                  value: `${flow.responderPort} ${flow.transport}`,
                  test: `responderPort = ${flow.responderPort}`,
                  mono: true,
                }
              : { name: 'ICMP code', value: String(flow.responderPort), mono: true },
            fact('Direction', flow.direction, 'direction'),
            fact('Host inside', flow.host, 'host', true),
            fact('Range', flow.range, 'range'),
            fact('Peer', flow.peer, 'peer', true),
            flow.country === null
              ? null
              : {
                  name: 'Peer’s country',
                  value: `${countryName(flow.country) ?? ''} (${visibleText(flow.country)})`,
                  test: `country = ${filterWord(flow.country)}`,
                },
            flow.asn === null
              ? null
              : {
                  name: 'Peer’s network',
                  value: `AS${flow.asn}${flow.organisation === null ? '' : ` ${visibleText(flow.organisation)}`}`,
                  test: `asn = ${flow.asn}`,
                },
          ]}
        />
        <FactList
          title="What was said"
          onTest={onTest}
          facts={[
            fact('Host name', flow.hostname, 'hostname', true),
            fact('Protocol', flow.protocol, 'protocol'),
            fact('Service', flow.service, 'service'),
            {
              name: 'Category',
              value: (
                <>
                  {visibleText(flow.category)} <span className="quiet">{meaning}</span>
                </>
              ),
              test: `category = ${filterWord(flow.category)}`,
            },
            fact('User agent', flow.userAgent, 'userAgent', true),
            fact('JA3', flow.ja3, 'ja3', true),
            fact('JA4', flow.ja4, 'ja4', true),
          ]}
        />
        <FactList
          title="Time and volume"
          onTest={onTest}
          facts={[
            { name: 'Start', value: `${localTimeOf(flow.start, timeZone, 'all')} ${timeZone}`, mono: true },
            { name: 'Start, UTC', value: flow.start, mono: true },
            { name: 'End, UTC', value: flow.end, mono: true },
            { name: 'Lasted', value: formatDuration(durationOf(flow)) },
            {
              name: 'Out',
              value: `${formatBytes(flow.bytesOut)} (${formatCount(flow.bytesOut)} B), ${formatCount(flow.packetsOut)} packets`,
            },
            {
              name: 'In',
              value: `${formatBytes(flow.bytesIn)} (${formatCount(flow.bytesIn)} B), ${formatCount(flow.packetsIn)} packets`,
            },
            fact('TCP flags', flow.tcpFlags, undefined, true),
            fact('State', flow.state, 'state', true),
            flow.sampling === 1
              ? null
              : { name: 'Sampling', value: `1 packet in ${formatCount(flow.sampling)}; counts as recorded` },
          ]}
        />
        <FactList
          title="Where it stands"
          onTest={onTest}
          facts={[
            {
              name: 'Evidence',
              value: file === undefined ? flow.evidence : fileName(file.path),
              test: `evidence = ${filterWord(flow.evidence)}`,
            },
            { name: 'First', value: `${place} ${formatCount(flow.locator)}` },
            fact('Exporter', flow.exporter, 'exporter', true),
            fact('Next hop', flow.nextHop, 'nextHop', true),
            fact('Input interface', flow.inputInterface, 'inputInterface'),
            fact('Output interface', flow.outputInterface, 'outputInterface'),
            fact('Records', flow.assembly, 'assembly'),
            fact('Also in other evidence', flow.duplicate, 'duplicate'),
            fact('Tunnel', flow.tunnel, 'tunnel', true),
            fact('Indicator', flow.indicator),
            { name: 'Id', value: flow.id, mono: true },
          ]}
        />
        <NotesPanel key={flow.id} target={`flow:${flow.id}`} />
      </div>
    </aside>
  );
}
