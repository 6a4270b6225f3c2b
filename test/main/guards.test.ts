import { describe, expect, it } from 'vitest';
import { mayCall } from '../../electron/main/guards.ts';

type Frame = Parameters<typeof mayCall>[0];

const frame = (url: string, parent: object | null = null): Frame => ({ url, parent }) as Frame;

describe('mayCall', () => {
  it('lets the main frame of our page call', () => {
    expect(mayCall(frame('app://enclave/index.html'))).toBe(true);
  });

  it.each([
    ['a frame in it', frame('app://enclave/index.html', {})],
    ['a report', frame('app://report/1.html')],
    ['a host that begins alike', frame('app://enclave.example/index.html')],
    ['a page from outside', frame('https://enclave/index.html')],
    ['a frame that is gone', null],
  ])('refuses %s', (_name, from) => {
    expect(mayCall(from)).toBe(false);
  });
});
