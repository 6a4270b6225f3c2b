import { TCP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, RECOGNISED } from '../../../shared/payload.ts';
import { type PayloadRule, startsWith } from './rule.ts';

/** The identification string that either side of SSH sends first (RFC 4253, 4.2; `1.` for the old versions). */
export const sshRule: PayloadRule = {
  id: 'ssh-identification',
  protocol: 'ssh',
  transport: TCP,
  firstBytes: [0x53],
  recognise: ({ bytes, start, end }) =>
    startsWith(bytes, start, end, 'SSH-2.') || startsWith(bytes, start, end, 'SSH-1.') ? RECOGNISED : NOT_RECOGNISED,
};
