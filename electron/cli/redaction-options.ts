import { isRedacted, type RedactionChoice, redactionChoiceSchema } from '../../shared/redaction.ts';
import { usageError, type Verb } from './usage.ts';

/** Options of verbs that print a report which may hide something. */
export const REDACTION_OPTIONS = {
  redact: { type: 'string', default: 'none' },
  'leave-out-host': { type: 'string', multiple: true },
  'leave-out-finding': { type: 'string', multiple: true },
} as const;

interface RedactionValues {
  readonly redact: string;
  readonly 'leave-out-host'?: readonly string[] | undefined;
  readonly 'leave-out-finding'?: readonly string[] | undefined;
}

function listed(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(',')).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

/** What the options choose; nothing when they choose nothing. Throws a usage error when a value is wrong. */
export function redactionOf(verb: Verb, values: RedactionValues): RedactionChoice {
  const hosts = listed(values['leave-out-host']);
  const findings = listed(values['leave-out-finding']);
  const checked = redactionChoiceSchema.safeParse({
    redact: values.redact,
    ...(hosts.length === 0 ? {} : { leaveOutHosts: hosts }),
    ...(findings.length === 0 ? {} : { leaveOutFindings: findings }),
  });
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const options = { redact: '--redact', leaveOutHosts: '--leave-out-host', leaveOutFindings: '--leave-out-finding' };
    const option = Object.entries(options).find(([field]) => field === issue?.path[0])?.[1] ?? '--redact';
    throw usageError(verb, `${option}: ${issue?.message ?? 'it is wrong'}`);
  }
  return isRedacted(checked.data) ? checked.data : {};
}
