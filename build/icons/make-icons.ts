import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../electron/report/report-pdf.ts';

/**
 * Draws the icons from the SVG files beside this script, with an installed Chromium: `node build/icons/make-icons.ts`. What it
 * writes is committed, so that making a package needs no Chromium.
 */

const FOLDER = import.meta.dirname;

/** At these sizes and below the full mark would blur; a simpler drawing stands in. */
const SMALL = 24;

const LINUX_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
const ICO_SIZES = [16, 24, 32, 48, 64, 256];

/** Types of PNG images in an .icns file and their sizes in pixels; Apple's header IconStorage.h. */
const ICNS_TYPES: readonly (readonly [type: string, size: number])[] = [
  ['icp4', 16],
  ['ic11', 32],
  ['icp5', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
];

type Draw = (size: number) => Promise<Buffer>;

/** A Windows icon of PNG images, as Windows reads them since Vista. Sizes in pixels, at most 256. */
async function ico(draw: Draw, sizes: readonly number[]): Promise<Buffer> {
  const images = await Promise.all(sizes.map(draw));
  const header = Buffer.alloc(6 + 16 * sizes.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(sizes.length, 4);
  let offset = header.length;
  for (const [index, image] of images.entries()) {
    const at = 6 + 16 * index;
    const size = sizes[index] ?? 0;
    header[at] = size % 256;
    header[at + 1] = size % 256;
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(image.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += image.length;
  }
  return Buffer.concat([header, ...images]);
}

function block(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32BE(8 + data.length, 4);
  return Buffer.concat([head, data]);
}

async function icns(draw: Draw): Promise<Buffer> {
  const images = await Promise.all(ICNS_TYPES.map(async ([type, size]) => block(type, await draw(size))));
  return block('icns', Buffer.concat(images));
}

const executablePath = findChromium();
if (executablePath === null) throw new Error('no Chromium: install chromium, or name one in ENCLAVE_CHROMIUM');
const browser = await chromium.launch({ executablePath });

/** Draws an SVG file in pixels of its own: no scaling of a larger image. */
function drawing(large: string, small: string): Draw {
  const drawn = new Map<number, Promise<Buffer>>();
  const draw = async (size: number): Promise<Buffer> => {
    const svg = readFileSync(path.join(FOLDER, size <= SMALL ? small : large), 'utf8');
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
    const png = await page.screenshot({ omitBackground: true });
    await page.close();
    return png;
  };
  return (size) => {
    const png = drawn.get(size) ?? draw(size);
    drawn.set(size, png);
    return png;
  };
}

const app = drawing('icon.svg', 'icon-small.svg');
const caseFile = drawing('case.svg', 'case.svg');
mkdirSync(path.join(FOLDER, 'linux'), { recursive: true });
for (const size of LINUX_SIZES) writeFileSync(path.join(FOLDER, `linux/${size}x${size}.png`), await app(size));
writeFileSync(path.join(FOLDER, 'icon.ico'), await ico(app, ICO_SIZES));
writeFileSync(path.join(FOLDER, 'icon.icns'), await icns(app));
writeFileSync(path.join(FOLDER, 'case.ico'), await ico(caseFile, ICO_SIZES));
writeFileSync(path.join(FOLDER, 'case.icns'), await icns(caseFile));
await browser.close();
