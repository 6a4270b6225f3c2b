import type { ReactNode } from 'react';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The networks (autonomous systems) of the peers, as far as the network tables know them. */

const LISTED = 200;

export function NetworkList(): ReactNode {
  const { where, metric, version, selection, select } = useWorkbench();
  const { value, error } = useAsk('top', { by: ['asn'], metric, where, limit: LISTED + 1 }, version);
  const [top] = value ?? [];
  const rows = (top?.rows ?? []).map((row) => ({
    asn: typeof row['asn'] === 'number' ? row['asn'] : null,
    name: typeof row['organisation'] === 'string' ? visibleText(row['organisation']) : say('name not known'),
    amount: metric === 'bytes' ? formatBytes(Number(row['value'])) : formatCount(Number(row['value'])),
    title: formatAmount(metric, Number(row['value'])),
    share: formatShare(Number(row['share'] ?? 0)),
  }));
  const unknown = rows.find(({ asn }) => asn === null);
  return (
    <>
      {error !== null && <ErrorNotice error={error} />}
      <div className="country-list">
        <ul className="network-list" aria-label={say('Networks by amount')}>
          {rows.map(({ asn, name, amount, title, share }) =>
            asn === null ? null : (
              <li key={asn}>
                <button
                  type="button"
                  aria-pressed={selection?.filter === `asn = ${asn}`}
                  title={`AS${asn} ${name}: ${title}`}
                  onClick={() =>
                    select({ id: `AS${asn}`, kind: 'Network', title: `AS${asn} ${name}`, filter: `asn = ${asn}` })
                  }
                >
                  <span className="number quiet">{say('AS{asn}', { asn })}</span>
                  <span className="clip">{name}</span>
                  <span className="number">{amount}</span>
                  <span className="number quiet">{share}</span>
                </button>
              </li>
            ),
          )}
        </ul>
        {top !== undefined && top.named > rows.length && (
          <p className="quiet">
            {say('The {most} of {named} with most.', { most: formatCount(LISTED), named: formatCount(top.named) })}
          </p>
        )}
      </div>
      {unknown !== undefined && (
        <p className="absent" title={say('Private and special addresses, and what no network table holds')}>
          <span>{say('Network not known')}</span>
          <span className="number">{unknown.amount}</span>
          <span className="number quiet">{unknown.share}</span>
        </p>
      )}
    </>
  );
}
