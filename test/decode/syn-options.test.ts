import { expect, it } from 'vitest';
import { SynOptions, synOptionsText } from '../../electron/decode/syn-options.ts';

const text = (hex: string): string => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return synOptionsText(bytes, 0, bytes.length);
};

it('tells options as p0f does: of Windows, Linux and Apple', () => {
  expect(text('020405b4 0103 0308 0101 0402')).toBe('mss=1460,nop,ws=8,nop,nop,sok');
  expect(text('020405b4 0402 080a 0001e240 00000000 01 030307')).toBe('mss=1460,sok,ts,nop,ws=7'); // prettier-ignore
  expect(text('020405b4 01 030306 0101 080a 11111111 00000000 0402 0000')).toBe('mss=1460,nop,ws=6,nop,nop,ts,sok,eol+1'); // prettier-ignore
});

it('tells what is not sound, and ends there', () => {
  expect(text('')).toBe('none');
  expect(text('0101 02')).toBe('nop,nop,bad');
  expect(text('0200')).toBe('bad');
  expect(text('0403 00')).toBe('sok');
  expect(text('0305 000000')).toBe('?3');
  expect(text('fe04 0000 00')).toBe('?254,eol+0');
});

it('numbers options that differ in timestamps alone alike, and others apart', () => {
  const options = new SynOptions();
  const number = (hex: string): number => {
    const bytes = Buffer.from(`ffff${hex}`, 'hex');
    return options.number(bytes, 2, bytes.length);
  };
  const linux = number('020405b40402080a0001e2400000000001030307');
  expect(number('020405b40402080a0fffffff0000000a01030307')).toBe(linux);
  expect(number('020405640402080a0001e2400000000001030307')).toBe(linux + 1);
  for (let mss = 0; mss < 70_000; mss++) number(`0204${(mss & 0xffff).toString(16).padStart(4, '0')}`);
  expect(options.texts[linux - 1]).toBe('mss=1460,sok,ts,nop,ws=7');
  expect(options.texts.length).toBe(65_535);
  expect(options.overBudget).toBeGreaterThan(0);
});
