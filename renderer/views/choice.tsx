import type { ReactNode } from 'react';

/** One of a few ways to show something; `isOff`: not now, for the reason that `title` gives. */
export function Choice<Value extends string>(props: {
  name: string;
  value: Value;
  options: readonly (readonly [value: Value, label: string, isOff?: boolean])[];
  title?: string;
  onChange: (value: Value) => void;
}): ReactNode {
  const { name, value, options, title, onChange } = props;
  return (
    <fieldset className="segmented" title={title}>
      <legend className="hidden">{name}</legend>
      {options.map(([option, label, isOff = false]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={value === option}
            disabled={isOff}
            onChange={() => onChange(option)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
