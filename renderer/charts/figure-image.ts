/** A figure of the page as an image that stands alone: with its colours, a ground, and what it shows in words below. */

/** What of the page's style sheets a drawing is made of. */
const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'vector-effect',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'display',
  'visibility',
] as const;

const MARGIN = 16;
const LINE = 16;
/** Characters of a caption's line for each pixel of width. */
const CHARACTERS = 1 / 6.6;
/** Pixels of a PNG for each of the page. */
const SHARPNESS = 2;

export interface FigureImage {
  readonly text: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Words in lines of at most so many characters. */
export function wrapped(text: string, longest: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > longest) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** What a colour of a figure means. */
export interface LegendEntry {
  /** `none`: a sign, which is in the name. */
  readonly colour: string;
  readonly name: string;
}

/** Where the entries of a legend stand: lines as wide as the figure. */
function legendPlaces(legend: readonly LegendEntry[], width: number): { x: number; line: number }[] {
  let x = 0;
  let line = 0;
  return legend.map(({ name }) => {
    const length = 16 + name.length / CHARACTERS + 14;
    if (x > 0 && x + length > width) {
      x = 0;
      line++;
    }
    const place = { x, line };
    x += length;
    return place;
  });
}

/** @param captions the title, then what a reader must know; each is wrapped */
export function figureImage(
  svg: SVGSVGElement,
  captions: readonly string[],
  legend: readonly LegendEntry[],
): FigureImage {
  const box = svg.getBoundingClientRect();
  const [width, drawn] = [Math.ceil(box.width), Math.ceil(box.height)];
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [from, to] = [
    [svg, ...svg.querySelectorAll('*')],
    [copy, ...copy.querySelectorAll('*')],
  ];
  from.forEach((element, i) => {
    const target = to[i];
    const style = getComputedStyle(element);
    if (target === undefined) return;
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      if (value !== '') target.setAttribute(name, value);
    }
    for (const name of ['class', 'style', 'tabindex', 'role', 'aria-label', 'aria-describedby'])
      target.removeAttribute(name);
  });
  copy.setAttribute('x', String(MARGIN));
  copy.setAttribute('y', String(MARGIN));
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(drawn));
  const body = getComputedStyle(document.body);
  const panel = svg.closest('.panel');
  const ground = panel === null ? body.backgroundColor : getComputedStyle(panel).backgroundColor;
  const lines = captions.flatMap((caption, i) =>
    wrapped(caption, Math.floor(width * CHARACTERS)).map((line) => ({ line, isTitle: i === 0 })),
  );
  const places = legendPlaces(legend, width);
  const textFrom = drawn + MARGIN + 8 + (legend.length === 0 ? 0 : ((places.at(-1)?.line ?? 0) + 1) * LINE + 4);
  const height = textFrom + lines.length * LINE + MARGIN;
  const whole = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  whole.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  whole.setAttribute('width', String(width + 2 * MARGIN));
  whole.setAttribute('height', String(height));
  whole.setAttribute('viewBox', `0 0 ${width + 2 * MARGIN} ${height}`);
  const add = (name: string, attributes: Record<string, string | number>, text = ''): void => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    whole.append(element);
  };
  add('title', {}, captions.join(' '));
  add('rect', { width: width + 2 * MARGIN, height, fill: ground });
  whole.append(copy);
  const font = { fill: body.color, 'font-family': body.fontFamily, 'font-size': 12 };
  legend.forEach(({ colour, name }, i) => {
    const { x, line } = places[i] ?? { x: 0, line: 0 };
    const y = drawn + MARGIN + 8 + line * LINE;
    if (colour !== 'none')
      add('rect', {
        x: MARGIN + x,
        y: y + 3,
        width: 10,
        height: 10,
        fill: colour,
        stroke: body.color,
        'stroke-opacity': 0.3,
      });
    add('text', { x: MARGIN + x + 16, y: y + 12, ...font }, name);
  });
  lines.forEach(({ line, isTitle }, i) =>
    add('text', { x: MARGIN, y: textFrom + (i + 1) * LINE, ...font, 'font-weight': isTitle ? 600 : 400 }, line),
  );
  return { text: new XMLSerializer().serializeToString(whole), width: width + 2 * MARGIN, height };
}

/** The image as a PNG, base64. Rejects when the page cannot draw it. */
export async function pngOf({ text, width, height }: FigureImage): Promise<string> {
  const image = new Image(width, height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SHARPNESS;
  canvas.height = height * SHARPNESS;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the page gives no canvas');
  context.scale(SHARPNESS, SHARPNESS);
  context.drawImage(image, 0, 0, width, height);
  return canvas.toDataURL('image/png').split(',', 2)[1] ?? '';
}
