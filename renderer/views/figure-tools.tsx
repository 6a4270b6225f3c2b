import { type ReactNode, type RefObject, useState } from 'react';
import { FIGURE_FORMATS, type FigureFormat } from '../../shared/bridge.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask } from '../bridge-access.ts';
import { type LegendEntry, figureImage, pngOf } from '../charts/figure-image.ts';
import { type FigureTable, csvOf } from '../charts/figure-table.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { said, say } from '../../shared/text/say.ts';

/** What can be done with any figure: see it as a table, save it as SVG, PNG or CSV. */

/** Rows of the table that are shown; the CSV holds all. */
const SHOWN_ROWS = 200;

/** What the numbers of a figure are of: names in the CSV's head and below the image. */
const FACT_NAMES = said({
  metric: 'metric',
  filter: 'filter',
  shown: 'shown',
  zone: 'zone',
  case: 'case',
  finding: 'finding',
  figure: 'figure',
  counted: 'counted',
  coverage: 'coverage',
  numbers: 'numbers',
  scaled: 'scaled',
  tables: 'tables',
  hatched: 'hatched',
  expected: 'expected from',
  step: 'under a day',
  periodA: 'period A',
  periodB: 'period B',
});
type FigureFacts = Readonly<Partial<Record<keyof typeof FACT_NAMES, string>>>;

function namedFacts(facts: FigureFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [FACT_NAMES[name as keyof typeof FACT_NAMES], value]),
  );
}

function number(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : formatCount(Number(value.toPrecision(6)));
}

function TableDialog(props: { title: string; note: string; table: FigureTable; onClose: () => void }): ReactNode {
  const { title, note, table, onClose } = props;
  const shown = table.rows.slice(0, SHOWN_ROWS);
  return (
    <Modal label={say('Table: {title}', { title })} className="figure-table" onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" className="quiet small" onClick={onClose}>
          {say('Close')}
        </button>
      </header>
      <div className="table-box" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              {table.heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={i}>
                {row.map((value, column) => (
                  <td key={column} className={typeof value === 'number' ? 'number' : undefined}>
                    {typeof value === 'number' ? number(value) : visibleText(value ?? '–')}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="foot quiet">
        {shown.length < table.rows.length &&
          say('The first {shown} of {rows} rows; the CSV holds all. ', {
            shown: formatCount(shown.length),
            rows: formatCount(table.rows.length),
          })}
        {note}
      </p>
    </Modal>
  );
}

/**
 * `facts`: what the numbers are of, by name (metric, filter, zone, case); in every row of the CSV, and below the image. The
 * image is of the first SVG inside `box`; without one there is the table alone.
 */
export function FigureTools(props: {
  title: string;
  box?: RefObject<HTMLElement | null>;
  table: () => FigureTable;
  /** What the colours of the image mean. */
  legend?: () => readonly LegendEntry[];
  facts: FigureFacts;
}): ReactNode {
  const { title, box, table, legend = () => [] } = props;
  const facts = namedFacts(props.facts);
  const [shown, setShown] = useState<FigureTable | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const [fault, setFault] = useState<ErrorValue | null>(null);
  const note = Object.entries(facts)
    .map(([name, value]) => `${name}: ${visibleText(value)}`)
    .join('; ');

  const contentOf = async (format: FigureFormat): Promise<string | null> => {
    if (format === 'csv') return csvOf(table(), facts);
    const svg = box?.current?.querySelector<SVGSVGElement>('svg.chart');
    if (!svg) return null;
    const image = figureImage(svg, [`${title.charAt(0).toUpperCase()}${title.slice(1)}`, note], legend());
    return format === 'svg' ? image.text : pngOf(image);
  };
  const save = async (format: FigureFormat): Promise<void> => {
    setTold(null);
    setFault(null);
    const content = await contentOf(format);
    if (content === null) return;
    const answer = await ask('saveFigure', { title, format, content });
    if (!answer.ok) setFault(answer.error);
    else if (answer.value !== null)
      setTold(say('Saved, SHA-256 {sha256}…', { sha256: answer.value.sha256.slice(0, 12) }));
  };
  return (
    <div className="figure-tools" role="group" aria-label={say('Figure: {title}', { title })}>
      <span role="status" className="quiet">
        {told}
      </span>
      <button
        type="button"
        className="quiet tiny"
        data-figure="table"
        title={say('The figure as a table')}
        onClick={() => setShown(table())}
      >
        {say('Table')}
      </button>
      {FIGURE_FORMATS.filter((format) => format === 'csv' || box !== undefined).map((format) => (
        <button
          key={format}
          type="button"
          className="quiet tiny"
          data-figure={format}
          title={
            format === 'csv'
              ? say('Save the numbers as CSV')
              : say('Save the figure as {format}', { format: format.toUpperCase() })
          }
          onClick={() => void save(format)}
        >
          {format.toUpperCase()}
        </button>
      ))}
      {fault !== null && <ErrorNotice error={fault} onDismiss={() => setFault(null)} />}
      {shown !== null && <TableDialog title={title} note={note} table={shown} onClose={() => setShown(null)} />}
    </div>
  );
}
