import { type ReactNode, useEffect, useState } from 'react';
import type { Note } from '../../shared/case-record.ts';
import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import { formatCount } from '../../shared/number-format.ts';
import {
  CHAPTER_IDS,
  HOST_PAGES,
  REPORT_CHAPTERS,
  type ReportChapter,
  type ReportSettings,
  chaptersOfForm,
} from '../../shared/report-settings.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { recordChanged, useRecordVersion } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** What goes into the report: chapters, findings, hosts with a page, notes. */

type Kind = Finding['kind'];

interface Part {
  readonly settings: ReportSettings;
  readonly change: (settings: ReportSettings) => void;
}

/** The settings without the choices that are the default. */
function without<Name extends keyof ReportSettings>(settings: ReportSettings, name: Name): ReportSettings {
  const rest = { ...settings };
  delete rest[name];
  return rest;
}

function toggled<T>(all: readonly T[], one: T): T[] {
  return all.includes(one) ? all.filter((each) => each !== one) : [...all, one];
}

function Chapters({ settings, change }: Part): ReactNode {
  const usual = chaptersOfForm(settings.form);
  const chosen = settings.chapters ?? usual;
  const choose = (id: ReportChapter): void => {
    const next = toggled(chosen, id);
    const chapters = CHAPTER_IDS.filter((each) => next.includes(each));
    // A report has at least one.
    if (chapters.length === 0) return;
    const isUsual = chapters.join() === usual.join();
    change(isUsual ? without(settings, 'chapters') : { ...settings, chapters });
  };
  return (
    <fieldset>
      <legend>{say('Chapters')}</legend>
      {CHAPTER_IDS.map((id) => (
        <label key={id}>
          <input type="checkbox" checked={chosen.includes(id)} onChange={() => choose(id)} /> {say(REPORT_CHAPTERS[id])}
        </label>
      ))}
      {settings.chapters !== undefined && (
        <button type="button" className="quiet tiny" onClick={() => change(without(settings, 'chapters'))}>
          {settings.form === 'brief' ? say('As the brief form has them') : say('As the full form has them')}
        </button>
      )}
    </fieldset>
  );
}

function Findings({ settings, change, findings }: Part & { findings: readonly Finding[] }): ReactNode {
  const [open, setOpen] = useState<ReadonlySet<Kind>>(new Set());
  const left = settings.leaveOutFindings ?? [];
  const leaveOut = (ids: string[]): void =>
    change(ids.length === 0 ? without(settings, 'leaveOutFindings') : { ...settings, leaveOutFindings: ids });
  const kinds = Object.entries(FINDING_KINDS) as [Kind, (typeof FINDING_KINDS)[Kind]][];
  return (
    <details>
      <summary>
        {say('Findings')}{' '}
        <span className="quiet">
          {left.length === 0 ? say('all') : say('{left} left out', { left: formatCount(left.length) })}
        </span>
      </summary>
      {kinds.map(([kind, name]) => {
        const own = findings.filter((finding) => finding.kind === kind);
        if (own.length === 0) return null;
        const ids = own.map(({ id }) => id);
        const out = ids.filter((id) => left.includes(id)).length;
        const others = left.filter((id) => !ids.includes(id));
        return (
          <details
            key={kind}
            onToggle={({ currentTarget }) => {
              if (currentTarget.open !== open.has(kind)) setOpen(new Set(toggled([...open], kind)));
            }}
          >
            <summary>
              {say(name)}{' '}
              <span className="quiet">
                {say('{shown} of {all}', { shown: formatCount(own.length - out), all: formatCount(own.length) })}
              </span>
            </summary>
            {open.has(kind) && (
              <>
                <label className="all">
                  <input
                    type="checkbox"
                    checked={out === 0}
                    onChange={() => leaveOut(out === 0 ? [...others, ...ids] : others)}
                  />{' '}
                  {say('All of this kind')}
                </label>
                {own.map((finding) => (
                  <label key={finding.id}>
                    <input
                      type="checkbox"
                      checked={!left.includes(finding.id)}
                      onChange={() => leaveOut(toggled(left, finding.id))}
                    />{' '}
                    {visibleText(findingSubject(finding))}
                  </label>
                ))}
              </>
            )}
          </details>
        );
      })}
    </details>
  );
}

/** Hosts by address, some of them chosen. */
function HostBoxes(props: {
  hosts: readonly string[];
  chosen: readonly string[];
  choose: (hosts: string[]) => void;
}): ReactNode {
  const { hosts, chosen, choose } = props;
  return hosts.map((host) => (
    <label key={host}>
      <input type="checkbox" checked={chosen.includes(host)} onChange={() => choose(toggled(chosen, host))} />{' '}
      <span className="mono">{host}</span>
    </label>
  ));
}

function Hosts({ settings, change, hosts }: Part & { hosts: readonly string[] }): ReactNode {
  const usual = hosts.slice(0, HOST_PAGES);
  const chosen = settings.hosts ?? usual;
  const left = settings.leaveOutHosts ?? [];
  return (
    <>
      <details>
        <summary>
          {say('Pages of hosts')}{' '}
          <span className="quiet">
            {say('{shown} of {all}', { shown: formatCount(chosen.length), all: formatCount(hosts.length) })}
          </span>
        </summary>
        <HostBoxes hosts={hosts} chosen={chosen} choose={(next) => change({ ...settings, hosts: next })} />
        {settings.hosts !== undefined && (
          <button type="button" className="quiet tiny" onClick={() => change(without(settings, 'hosts'))}>
            {say('The {usual} busiest', { usual: formatCount(usual.length) })}
          </button>
        )}
      </details>
      <details>
        <summary>
          {say('Hosts left out')}{' '}
          <span className="quiet">{left.length === 0 ? say('none') : formatCount(left.length)}</span>
        </summary>
        <p className="quiet">{say('With their findings and rows; totals still count them.')}</p>
        <HostBoxes
          hosts={hosts}
          chosen={left}
          choose={(next) =>
            change(next.length === 0 ? without(settings, 'leaveOutHosts') : { ...settings, leaveOutHosts: next })
          }
        />
      </details>
    </>
  );
}

function NoteChoice({ note, busy }: { note: Note; busy: boolean }): ReactNode {
  const { id, text, decision, target } = note;
  /** As it was chosen here, before the case has it. */
  const [chosen, setChosen] = useState<boolean | null>(null);
  const inReport = chosen ?? note.inReport;
  const choose = async (): Promise<void> => {
    setChosen(!inReport);
    const answer = await ask('changeNote', { id, change: { inReport: !inReport } });
    if (answer.ok) recordChanged();
    else setChosen(null);
  };
  return (
    <label>
      <input type="checkbox" checked={inReport} disabled={busy} onChange={() => void choose()} />{' '}
      <span className="note-text">{visibleText(text === '' ? `${decision ?? ''} ${target}` : text)}</span>
    </label>
  );
}

function Notes({ busy }: { busy: boolean }): ReactNode {
  const notes = useAsk('notes', { target: null, search: null }, useRecordVersion()).value ?? [];
  if (notes.length === 0) return null;
  return (
    <details>
      <summary>
        {say('Notes')}{' '}
        <span className="quiet">
          {say('{shown} of {all}', {
            shown: formatCount(notes.filter(({ inReport }) => inReport).length),
            all: formatCount(notes.length),
          })}
        </span>
      </summary>
      {notes.map((note) => (
        <NoteChoice key={note.id} note={note} busy={busy} />
      ))}
    </details>
  );
}

/** Chooses what is printed; findings that the case no longer has fall out of the choice. */
export function ReportChoice(): ReactNode {
  const { version, busy, reportSettings: settings, setReportSettings: change } = useWorkbench();
  const findings = useAsk('findings', null, version).value;
  const left = settings.leaveOutFindings;
  useEffect(() => {
    if (findings === null || left === undefined) return;
    const known = left.filter((id) => findings.some((finding) => finding.id === id));
    if (known.length === left.length) return;
    change(known.length === 0 ? without(settings, 'leaveOutFindings') : { ...settings, leaveOutFindings: known });
  }, [findings, left, settings, change]);
  const hosts = (findings ?? []).flatMap((finding) => (finding.kind === 'host-profile' ? [finding.host] : []));
  return (
    <aside className="report-choice" aria-label={say('Contents of the report')}>
      <Chapters settings={settings} change={change} />
      {findings !== null && findings.length > 0 && <Findings settings={settings} change={change} findings={findings} />}
      {hosts.length > 0 && <Hosts settings={settings} change={change} hosts={hosts} />}
      <Notes busy={busy} />
    </aside>
  );
}
