import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type Finding, FINDING_KINDS, type Verdict } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { CountedOwnFinding } from '../../shared/own-finding.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { findingValue } from '../charts/finding-figures.tsx';
import { countryName } from '../../shared/country-name.ts';
import { OwnFindingRows } from './own-findings.tsx';
import { claimsOf, claimTally, VERDICT_NAMES, VerdictBadge, VERDICTS } from './verdicts.tsx';
import { StaysEnglish } from './stays-english.tsx';
import { said, say } from '../../shared/text/say.ts';

/** The claims, then the findings by verdict and kind. */

const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = said({
  supported: 'the data bear it out',
  'not-supported': 'looked for, not borne out',
  'insufficient-data': 'the data cannot tell',
});

const KINDS = Object.keys(FINDING_KINDS) as Finding['kind'][];

/** A kind with more findings than this is folded up until one of them is chosen or searched for. */
const MOST_UNFOLDED = 8;

interface Choice {
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** The value for a list: without what it is a share of, a day short. */
function shortValue(finding: Finding): string {
  return findingValue(finding)
    .replace(/ (?:per|a) day$/, '/day')
    .replace(' activity', '')
    .replace(/ (?:between|of) .*$| \(.*\)$/, '');
}

/** What a finding is about, for a list of its kind; a country with its name. */
function subjectOf(finding: Finding): string {
  const subject = findingSubject(finding);
  const name = finding.kind === 'foreign-presence' ? countryName(finding.country) : null;
  return name === null ? subject : `${subject} ${name}`;
}

function matches(finding: Finding, words: readonly string[]): boolean {
  const text = `${finding.title} ${finding.statement}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function Rows({ findings, selected, onSelect }: Choice & { findings: readonly Finding[] }): ReactNode {
  return (
    <ul>
      {findings.map((finding) => (
        <li key={finding.id}>
          <button
            type="button"
            title={visibleText(finding.kind === 'claim-check' ? finding.claim.text : finding.title)}
            aria-current={finding.id === selected ? 'true' : undefined}
            onClick={() => onSelect(finding.id)}
          >
            {finding.kind === 'claim-check' ? (
              <>
                <span className="claim-text">
                  <strong>{visibleText(finding.claim.id)}</strong> {visibleText(finding.claim.text)}
                </span>
                <VerdictBadge finding={finding} />
              </>
            ) : (
              <>
                <span>{visibleText(subjectOf(finding))}</span>
                <span className="number">{shortValue(finding)}</span>
              </>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The findings of one kind and verdict. */
function KindGroup(
  props: Choice & { kind: Finding['kind']; findings: readonly Finding[]; isSearch: boolean },
): ReactNode {
  const { kind, findings, isSearch, selected, onSelect } = props;
  const holdsSelected = findings.some((finding) => finding.id === selected);
  const [isOpen, setOpen] = useState(holdsSelected);
  // It stays open when the choice moves on, so that nothing moves away under the pointer.
  useEffect(() => {
    if (holdsSelected) setOpen(true);
  }, [holdsSelected]);
  const rows = <Rows findings={findings} selected={selected} onSelect={onSelect} />;
  if (findings.length <= MOST_UNFOLDED) {
    return (
      <div className="kind-group">
        <h4>{say(FINDING_KINDS[kind])}</h4>
        {rows}
      </div>
    );
  }
  return (
    <details className="kind-group" open={isOpen || isSearch}>
      <summary
        onClick={(event) => {
          event.preventDefault();
          setOpen(!isOpen);
        }}
      >
        <h4>{say(FINDING_KINDS[kind])}</h4> <span className="quiet">{formatCount(findings.length)}</span>
      </summary>
      {rows}
    </details>
  );
}

export function FindingList({
  findings,
  own,
  selected,
  onSelect,
}: Choice & { findings: readonly Finding[]; own: readonly CountedOwnFinding[] }): ReactNode {
  const [text, setText] = useState('');
  const scroll = useRef<HTMLDivElement>(null);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length === 0 ? findings : findings.filter((finding) => matches(finding, words));
  const claims = claimsOf(found);
  const foundOwn = own.filter(({ title, statement }) =>
    words.every((word) => `${title} ${statement}`.toLowerCase().includes(word)),
  );
  // A finding may be chosen elsewhere, as from a claim that rests on it; its group opens one turn later.
  useEffect(() => {
    const frame = requestAnimationFrame(() =>
      scroll.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' }),
    );
    return () => cancelAnimationFrame(frame);
  }, [selected]);
  return (
    <section className="finding-list panel" aria-labelledby="findings-title">
      <header>
        <h2 id="findings-title">{say('Findings')}</h2>
        <span className="quiet">
          {say('{findings} about the whole case', { findings: formatCount(findings.length) })}
        </span>
      </header>
      <input
        type="search"
        aria-label={say('Search the findings')}
        placeholder={say('Search')}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="finding-scroll" ref={scroll}>
        <StaysEnglish />
        {found.length + foundOwn.length === 0 && <p className="quiet">{say('No finding holds these words.')}</p>}
        <OwnFindingRows findings={foundOwn} selected={selected} onSelect={onSelect} />
        {claims.length > 0 && (
          <section aria-labelledby="claims-title">
            <h3 id="claims-title">
              {say(FINDING_KINDS['claim-check'])} <span className="quiet">{claimTally(claims)}</span>
            </h3>
            <Rows findings={claims} selected={selected} onSelect={onSelect} />
          </section>
        )}
        {VERDICTS.map((verdict) => {
          const group = found.filter((finding) => finding.verdict === verdict && finding.kind !== 'claim-check');
          return group.length === 0 ? null : (
            <section key={verdict} aria-labelledby={`verdict-${verdict}`}>
              <h3 id={`verdict-${verdict}`}>
                <span className={`verdict ${verdict}`}>{VERDICT_NAMES[verdict]}</span>{' '}
                <span className="quiet">
                  {group.length} · {VERDICT_MEANINGS[verdict]}
                </span>
              </h3>
              {KINDS.filter((kind) => group.some((finding) => finding.kind === kind)).map((kind) => (
                <KindGroup
                  key={kind}
                  kind={kind}
                  findings={group.filter((finding) => finding.kind === kind)}
                  isSearch={words.length > 0}
                  selected={selected}
                  onSelect={onSelect}
                />
              ))}
            </section>
          );
        })}
      </div>
    </section>
  );
}
