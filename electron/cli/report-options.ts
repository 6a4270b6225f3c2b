import { PAPERS, type ReportSettings, reportSettingsSchema } from '../../shared/report-settings.ts';
import { usageError, type Verb } from './usage.ts';

/** Options of verbs that print a report. */
export const REPORT_OPTIONS = {
  brief: { type: 'boolean', default: false },
  chapters: { type: 'string', multiple: true },
  hosts: { type: 'string', multiple: true },
  paper: { type: 'string' },
  redact: { type: 'string', default: 'none' },
  'leave-out-host': { type: 'string', multiple: true },
  'leave-out-finding': { type: 'string', multiple: true },
} as const;

type Lists = 'chapters' | 'hosts' | 'leave-out-host' | 'leave-out-finding';
type ReportValues = { readonly brief: boolean; readonly redact: string; readonly paper?: string | undefined } & {
  readonly [Name in Lists]?: readonly string[] | undefined;
};

/** The option that a setting comes from. */
const OPTIONS: Readonly<Record<keyof ReportSettings, keyof typeof REPORT_OPTIONS>> = {
  form: 'brief',
  chapters: 'chapters',
  hosts: 'hosts',
  paper: 'paper',
  redact: 'redact',
  leaveOutHosts: 'leave-out-host',
  leaveOutFindings: 'leave-out-finding',
};

function listed(values: readonly string[] = []): string[] | undefined {
  const parts = values
    .flatMap((value) => value.split(','))
    .flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return parts.length === 0 ? undefined : parts;
}

/** What the options choose; what they leave to its default is absent. Throws a usage error when a value is wrong. */
export function reportSettingsOf(verb: Verb, values: ReportValues): ReportSettings {
  const chosen: { [Name in keyof ReportSettings]: unknown } = {
    form: values.brief ? 'brief' : undefined,
    chapters: listed(values.chapters),
    hosts: listed(values.hosts),
    paper: PAPERS.find((size) => size.toLowerCase() === values.paper?.toLowerCase()) ?? values.paper,
    redact: values.redact === 'none' ? undefined : values.redact,
    leaveOutHosts: listed(values['leave-out-host']),
    leaveOutFindings: listed(values['leave-out-finding']),
  };
  const checked = reportSettingsSchema.safeParse(
    Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
  );
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const option = Object.entries(OPTIONS).find(([setting]) => setting === issue?.path[0])?.[1] ?? 'redact';
  throw usageError(verb, `--${option}: ${issue?.message ?? 'it is wrong'}`);
}
