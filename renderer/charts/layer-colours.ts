import { CATEGORY_COLOURS, OTHER_COLOUR, categoryColour } from '../category-colours.ts';
import type { TimeLayer } from './stack-by-time.ts';

/** Colours of layers: a category has its own; of other things the first eight have those of the eight categories that differ most. */
const IN_ORDER: readonly string[] = [
  CATEGORY_COLOURS.gaming,
  CATEGORY_COLOURS.streaming,
  CATEGORY_COLOURS.cloud,
  CATEGORY_COLOURS.social,
  CATEGORY_COLOURS.search,
  CATEGORY_COLOURS.email,
  CATEGORY_COLOURS.security,
  CATEGORY_COLOURS.ecommerce,
];

/** @param place of the layer among its chart's, from 0 */
export function layerColour(layer: TimeLayer, by: string, place: number): string {
  if (layer.isRest) return OTHER_COLOUR;
  if (by === 'category' || layer.name === null) return categoryColour(layer.name);
  return IN_ORDER[place % IN_ORDER.length] ?? OTHER_COLOUR;
}
