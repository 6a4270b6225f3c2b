import type { ReactNode } from 'react';
import { type FlowRecord, type LabelEvidence, locatorUnit } from '../../shared/flow.ts';
import type { FilterField } from '../../shared/filter/fields.ts';
import { formatBytes, formatCount, withDecimalSign } from '../../shared/number-format.ts';
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
import { said, say } from '../../shared/text/say.ts';

/** One flow with everything that the case holds about it, and why it bears its label. */

const RESTS_ON: Readonly<Record<LabelEvidence, string>> = said({
  payload: 'What was spoken: a rule recognised the first bytes of the flow.',
  hostname: 'The name that the flow itself carries. It tells whom the flow was for, not what was done there.',
  dns: 'A name that a DNS answer gave to this address shortly before. The flow itself carries none.',
  address: 'Who holds the peer’s address. Several services may share one address.',
  port: 'The port alone: a hint, no proof.',
  behaviour: 'The shape of many flows together, not the content of this one.',
  none: 'Nothing: no rule of the catalogue matched.',
});

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
                  title={say('Filter: {test}', { test })}
                  aria-label={say('Show flows with {test}', { test })}
                  onClick={() => props.onTest(test)}
                >
                  {say('+ filter')}
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
  const place = say(locatorUnit(file?.format ?? ''));
  const meaning = Object.hasOwn(CATEGORIES, flow.category)
    ? say(CATEGORIES[flow.category as keyof typeof CATEGORIES])
    : '';
  return (
    <aside
      ref={inspector}
      className="inspector panel"
      aria-label={say('Flow')}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header>
        <h2>{say('Flow')}</h2>
        <button type="button" className="quiet small" onClick={onClose}>
          {say('Close')}
        </button>
      </header>
      <div className="inspector-scroll" tabIndex={0} role="group" aria-label={say('Fields of the flow')}>
        <div className="selection-actions">
          <PacketsButton flow={flow} />
          <button type="button" className="small" onClick={onCarve}>
            {say('Carve…')}
          </button>
          <button
            type="button"
            className="small"
            onClick={() =>
              askOwnFinding({
                picked: { label: say('Flow {id}', { id: flow.id }), where: `id = "${flow.id}"` },
                id: null,
              })
            }
          >
            {say('Add to finding…')}
          </button>
        </div>
        <section className="why">
          <h3>{say('Why this label')}</h3>
          <p className="label-line">
            <span className="swatch" style={{ backgroundColor: categoryColour(flow.category) }} />
            <strong>{visibleText(flow.service ?? flow.protocol)}</strong>
            <span className="quiet">{visibleText(flow.category)}</span>
          </p>
          <p className="detail mono">
            {flow.labelDetail === null ? say('no detail kept') : visibleText(flow.labelDetail)}
          </p>
          <p>{RESTS_ON[flow.labelEvidence]}</p>
          <p className="confidence">
            <label htmlFor="confidence">{say('Confidence')}</label>
            <meter id="confidence" min={0} max={1} value={flow.confidence} />
            <span>{say('{confidence} of 1', { confidence: withDecimalSign(flow.confidence.toFixed(2)) })}</span>
          </p>
        </section>
        <FactList
          title={say('Ends')}
          onTest={onTest}
          facts={[
            fact(say('Initiator'), flow.initiator, 'initiator', true),
            hasPorts
              ? { name: say('from port'), value: String(flow.initiatorPort), mono: true }
              : { name: say('ICMP type'), value: String(flow.initiatorPort), mono: true },
            fact(say('Responder'), flow.responder, 'responder', true),
            hasPorts
              ? {
                  name: say('to port'),
                  value: `${flow.responderPort} ${flow.transport}`,
                  test: `responderPort = ${flow.responderPort}`,
                  mono: true,
                }
              : { name: say('ICMP code'), value: String(flow.responderPort), mono: true },
            fact(say('Direction'), flow.direction, 'direction'),
            fact(say('Host inside'), flow.host, 'host', true),
            fact(say('Range'), flow.range, 'range'),
            fact(say('Peer'), flow.peer, 'peer', true),
            flow.country === null
              ? null
              : {
                  name: say('Peer’s country'),
                  value: `${countryName(flow.country) ?? ''} (${visibleText(flow.country)})`,
                  test: `country = ${filterWord(flow.country)}`,
                },
            flow.asn === null
              ? null
              : {
                  name: say('Peer’s network'),
                  value: `AS${flow.asn}${flow.organisation === null ? '' : ` ${visibleText(flow.organisation)}`}`,
                  test: `asn = ${flow.asn}`,
                },
          ]}
        />
        <FactList
          title={say('What was said')}
          onTest={onTest}
          facts={[
            fact(say('Host name'), flow.hostname, 'hostname', true),
            fact(say('Protocol'), flow.protocol, 'protocol'),
            fact(say('Service'), flow.service, 'service'),
            {
              name: say('Category'),
              value: (
                <>
                  {visibleText(flow.category)} <span className="quiet">{meaning}</span>
                </>
              ),
              test: `category = ${filterWord(flow.category)}`,
            },
            fact(say('User agent'), flow.userAgent, 'userAgent', true),
            fact('Via', flow.via, 'via', true),
            fact(say('Forwarded for'), flow.forwardedFor, 'forwardedFor', true),
            fact(say('TCP options of the SYN'), flow.synOptions, 'synOptions', true),
            fact('JA3', flow.ja3, 'ja3', true),
            fact('JA4', flow.ja4, 'ja4', true),
          ]}
        />
        <FactList
          title={say('Time and volume')}
          onTest={onTest}
          facts={[
            { name: say('Start'), value: `${localTimeOf(flow.start, timeZone, 'all')} ${timeZone}`, mono: true },
            { name: say('Start, UTC'), value: flow.start, mono: true },
            { name: say('End, UTC'), value: flow.end, mono: true },
            { name: say('Lasted'), value: formatDuration(durationOf(flow)) },
            {
              name: say('Out'),
              value: say('{size} ({bytes} B), {packets} packets', {
                size: formatBytes(flow.bytesOut),
                bytes: formatCount(flow.bytesOut),
                packets: formatCount(flow.packetsOut),
              }),
            },
            {
              name: say('In'),
              value: say('{size} ({bytes} B), {packets} packets', {
                size: formatBytes(flow.bytesIn),
                bytes: formatCount(flow.bytesIn),
                packets: formatCount(flow.packetsIn),
              }),
            },
            fact(say('TCP flags'), flow.tcpFlags, undefined, true),
            fact(say('State'), flow.state, 'state', true),
            flow.sampling === 1
              ? null
              : {
                  name: say('Sampling'),
                  value: say('1 packet in {sampling}; counts as recorded', { sampling: formatCount(flow.sampling) }),
                },
          ]}
        />
        <FactList
          title={say('Where it stands')}
          onTest={onTest}
          facts={[
            {
              name: say('Evidence'),
              value: file === undefined ? flow.evidence : fileName(file.path),
              test: `evidence = ${filterWord(flow.evidence)}`,
            },
            { name: say('First'), value: `${place} ${formatCount(flow.locator)}` },
            fact(say('Exporter'), flow.exporter, 'exporter', true),
            fact(say('Next hop'), flow.nextHop, 'nextHop', true),
            fact(say('Input interface'), flow.inputInterface, 'inputInterface'),
            fact(say('Output interface'), flow.outputInterface, 'outputInterface'),
            fact(say('Records'), flow.assembly, 'assembly'),
            fact(say('Fields of vendors'), flow.enterpriseFields, 'enterpriseFields', true),
            fact(say('Also in other evidence'), flow.duplicate, 'duplicate'),
            fact(say('Tunnel'), flow.tunnel, 'tunnel', true),
            fact(say('Indicator'), flow.indicator),
            { name: say('Id'), value: flow.id, mono: true },
          ]}
        />
        <NotesPanel key={flow.id} target={`flow:${flow.id}`} />
      </div>
    </aside>
  );
}
