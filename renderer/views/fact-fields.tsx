import type { ReactNode } from 'react';
import {
  CASE_FACTS,
  type CaseFacts,
  type FactName,
  LONG_FACTS,
  MAX_FACT,
  MAX_LONG_FACT,
} from '../../shared/case-record.ts';
import { said, say } from '../../shared/text/say.ts';

/** Fields in which the facts of a case are stated. */

const HINTS: Readonly<Partial<Record<FactName, string>>> = said({
  title: 'What the case is called in your files',
  number: 'As your register has it',
  requester: 'Who asked for it, and when',
  authority: 'Order, warrant or consent',
  scope: 'What was to be examined, and what not',
  questions: 'What was asked, one a line',
  banner: 'Stands on every page of the report',
});

export function FactField(props: {
  name: FactName;
  value: string;
  isOptional?: boolean;
  isFirst?: boolean;
  onChange: (value: string) => void;
}): ReactNode {
  const { name, value, isOptional = true, isFirst = false, onChange } = props;
  const isLong = LONG_FACTS.has(name);
  const field = {
    value,
    required: !isOptional,
    autoFocus: isFirst,
    maxLength: isLong ? MAX_LONG_FACT : MAX_FACT,
    placeholder: HINTS[name] ?? '',
  };
  return (
    <label className={isLong ? 'long' : undefined}>
      {say(CASE_FACTS[name])} {isOptional && <span className="quiet">{say('(optional)')}</span>}
      {isLong ? (
        <textarea {...field} rows={3} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input {...field} onChange={(event) => onChange(event.target.value)} />
      )}
    </label>
  );
}

/** The facts that are asked for less often, in pairs, then those of several lines. */
export function FurtherFacts(props: {
  facts: CaseFacts;
  onChange: (name: FactName, value: string) => void;
}): ReactNode {
  const { facts, onChange } = props;
  const field = (name: FactName): ReactNode => (
    <FactField key={name} name={name} value={facts[name]} onChange={(value) => onChange(name, value)} />
  );
  return (
    <>
      <div className="pair">{(['number', 'requester'] as const).map(field)}</div>
      <div className="pair">{(['organisation', 'banner'] as const).map(field)}</div>
      {(['scope', 'questions'] as const).map(field)}
    </>
  );
}
