import { type ReactNode, useLayoutEffect, useMemo, useRef } from 'react';

/** One of a few ways to show something; `isOff`: not now, for the reason that `title` gives. */
export function Choice<Value extends string>(props: {
  name: string;
  value: Value;
  options: readonly (readonly [value: Value, label: string, isOff?: boolean])[];
  title?: string;
  onChange: (value: Value) => void;
}): ReactNode {
  const { name, value, options, title, onChange } = props;
  const latest = useRef(onChange);
  useLayoutEffect(() => {
    latest.current = onChange;
  });
  // React writes the attributes of a radio button each time that it draws one: only when it looks otherwise, then.
  return useMemo(
    () => (
      <fieldset className="segmented" title={title}>
        <legend className="hidden">{name}</legend>
        {options.map(([option, label, isOff = false]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              checked={value === option}
              disabled={isOff}
              onChange={() => latest.current(option)}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
    ),
    [name, value, title, JSON.stringify(options)],
  );
}
