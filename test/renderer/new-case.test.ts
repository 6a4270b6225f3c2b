import { describe, expect, it } from 'vitest';
import { typedRanges } from '../../renderer/views/new-case.tsx';

describe('ranges typed into the dialog of a new case', () => {
  it('are one a line, with a label or none', () => {
    expect(typedRanges('  192.0.2.0/24   main office \n\n2001:db8::/32\r\n198.51.100.7')).toEqual({
      fault: null,
      ranges: [
        { cidr: '192.0.2.0/24', label: 'main office' },
        { cidr: '2001:db8::/32', label: '2001:db8::/32' },
        { cidr: '198.51.100.7', label: '198.51.100.7' },
      ],
    });
    expect(typedRanges(' \n')).toEqual({ ranges: [], fault: null });
  });

  it('are told by line when they are wrong, whatever they hold', () => {
    expect(typedRanges('192.0.2.0/24\n192.0.2.0/33 x').fault).toMatch(/^Line 2: 192\.0\.2\.0\/33 is no address/);
    expect(typedRanges('\u202e10.0.0.0/8').fault).toMatch(/^Line 1/);
    expect(typedRanges('\u202e10.0.0.0/8').fault).not.toContain('\u202e');
  });
});
