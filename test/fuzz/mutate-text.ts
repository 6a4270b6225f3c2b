import { below, LONGEST, type Random, oneOf, pick, shuffled } from './bend.ts';

/** Text exports that are almost right: cells, lines, quotes, numbers, times and names as nobody should write them. */

const DELIMITERS = ['\t', ',', ';', '|', ' '] as const;

const CELLS: readonly [string, ...string[]] = [
  '',
  '-',
  '(empty)',
  '"',
  '""',
  '"x',
  'x"y',
  '\\',
  '\\x09',
  '\\x',
  '\\u0000',
  '\\ud800',
  '\0',
  '\r',
  '\u2028',
  '\uFEFF',
  '\u202Etxt.exe',
  '\u2066\u2069',
  'xn--80ak6aa92e.example',
  '=1+cmd|"/c calc"!A1',
  '@SUM(1)',
  '+1',
  '<img src=x onerror=alert(1)>',
  '__proto__',
  'constructor',
  'null',
  'true',
  'NaN',
  'Infinity',
  '-Infinity',
  '-1',
  '-0',
  '0x1F',
  '1e308',
  '1e999',
  '1.5e-400',
  '9007199254740993',
  '18446744073709551616',
  '99999999999999999999999999999999',
  '0.0000000000000000000000001',
  '1,5',
  '0',
  '1',
  '65536',
  '4294967296',
  '256',
  '0.0.0.0',
  '255.255.255.255',
  '999.1.1.1',
  '::',
  '::ffff:1.2.3.4',
  'fe80::1%eth0',
  '1:2:3:4:5:6:7:8:9',
  '10.0.0.1:80',
  '[2001:db8::1]:443',
  '1494982923',
  '1494982923125',
  '1e18',
  '9999-12-31T23:59:59Z',
  '0000-00-00 00:00:00',
  '2017-02-30T25:61:61Z',
  '2017-05-17T01:02:03.123456789+99:99',
  '1969-12-31 23:59:59',
  'tcp',
  'TCP',
  'icmp',
  '...AP.SF',
  '{}',
  '[]',
  '[[[[',
  '{"a":{"a":{"a":1}}}',
];

/** The parts in one text, as far as an input may be long: thousands of doubled lines of thousands of doubled cells are not made. */
function joined(parts: readonly string[], between: string): string {
  let length = 0;
  const end = parts.findIndex((part) => (length += part.length + between.length) > LONGEST);
  if (end < 0) return parts.join(between);
  const text = parts.slice(0, end + 1).join(between);
  return text.slice(0, LONGEST);
}

function cell(random: Random): string {
  const chance = random();
  if (chance < 0.9) return pick(random, CELLS);
  const text = pick(random, CELLS) || 'x';
  return text.repeat(1 + below(random, chance < 0.985 ? 100 : 60_000 / text.length));
}

/** Puts another value in a place of a line, by its delimiter or, of JSON, by its commas and colons. */
function bentLine(line: string, random: Random): string {
  const isJson = /^\s*[[{"]/.test(line);
  if (isJson && random() < 0.4) return bentJson(line, random);
  const counted = DELIMITERS.map((delimiter) => [delimiter, line.split(delimiter).length] as const);
  const [usual] = counted.toSorted((a, b) => b[1] - a[1])[0] ?? [','];
  const delimiter = isJson ? pick(random, [',', ':', '"']) : random() < 0.9 ? usual : pick(random, DELIMITERS);
  let cells = line.split(delimiter);
  if (random() < 0.15) cells = shuffled(random, cells, random() < 0.05 ? 5000 : 5);
  else cells[below(random, cells.length)] = cell(random);
  return joined(cells, delimiter);
}

/** A JSON value with a value somewhere in it replaced: other types, depth, names given twice. */
function bentJson(line: string, random: Random): string {
  const values = [...line.matchAll(/:\s*("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)/g)];
  const value = oneOf(random, values);
  const quoted = (): string => (random() < 0.9 ? JSON.stringify(cell(random)) : `"${cell(random)}"`);
  const depth = below(random, random() < 0.1 ? 20_000 : 40);
  const other = [
    quoted,
    () => cell(random),
    () => `${'['.repeat(depth)}${']'.repeat(depth)}`,
    () => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    () => '['.repeat(depth),
    () => `[${Array.from({ length: below(random, 300) }, quoted).join(',')}]`,
    () => `1,${JSON.stringify(pick(random, ['ts', 'src_ip', '__proto__', 'proto', 'dns']))}:${quoted()}`,
  ];
  if (value?.index === undefined) return line + quoted();
  const made = (oneOf(random, other) ?? quoted)();
  return `${line.slice(0, value.index)}:${made}${line.slice(value.index + value[0].length)}`;
}

/** The whole text in another form: line ends, byte order marks, other encodings, blank lines. */
function inAnotherForm(text: string, random: Random): Buffer {
  switch (below(random, 8)) {
    case 0:
      return Buffer.from(text.replaceAll('\n', '\r\n'));
    case 1:
      return Buffer.from(text.replaceAll('\n', '\r'));
    case 2:
      return Buffer.from(`\uFEFF${text}`);
    case 3:
      return Buffer.from(`\uFEFF${text}`, 'utf16le');
    case 4:
      return Buffer.from(text, 'latin1');
    case 5:
      return Buffer.from(text.replaceAll('\n', '\n'.repeat(1 + below(random, 100))));
    case 6:
      return Buffer.from(text.replaceAll(/\t|,/g, () => (random() < 0.95 ? '\t' : cell(random))));
    default:
      return Buffer.from(text.trimEnd());
  }
}

/** A text export with some of its lines bent. The first lines, by which it is known, are bent one time in five. */
export function textMutant(file: Buffer, random: Random): Buffer {
  let lines = file.toString('utf8').split('\n');
  const known = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
  if (random() < 0.2) lines = shuffled(random, lines, random() < 0.05 ? 1000 : 6);
  for (let times = 1 + below(random, 6); times > 0; times--) {
    const from = random() < 0.2 ? 0 : Math.min(Math.max(1, known), lines.length - 1);
    const at = from + below(random, lines.length - from);
    lines[at] = bentLine(lines[at] ?? '', random);
  }
  const text = joined(lines, '\n');
  return random() < 0.1 ? inAnotherForm(text, random) : Buffer.from(text);
}
