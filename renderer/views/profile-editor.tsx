import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import type { Profile } from '../../shared/profile.ts';
import { checkDraft, type DraftFaults, draftOf, type DraftTable, type ProfileDraft } from '../state/profile-draft.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { type Column, DraftField, DraftRows } from './profile-editor-rows.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** Corrects the profile of the open case: whose traffic it is about, its clock, events, lists and claims. */

interface Section {
  readonly part: DraftTable | 'servers' | 'globalServices' | 'clock';
  readonly title: Text;
  readonly about: Text;
  /** Of a table. */
  readonly noun?: Text;
  readonly columns?: readonly Column[];
}

const ZONED_TIME = '2017-05-14T04:57:00+08:30';
const MEMBERS = { field: 'members', width: 3, isLong: true } as const;

const SECTIONS: readonly Section[] = [
  {
    part: 'ranges',
    title: 'Ranges',
    about:
      'The addresses whose traffic the case is about. A flow with one end in a range has that end as its subject; dates are days of the profile’s zone.',
    noun: 'range',
    columns: [
      { field: 'label', name: 'Label', width: 1.2 },
      { field: 'cidr', name: 'Addresses', width: 1.6, hint: '192.0.2.0/24' },
      { field: 'from', name: 'From', width: 1, hint: 'always' },
      { field: 'to', name: 'To', width: 1, hint: 'always' },
      { field: 'note', name: 'Note', width: 2.4 },
      { field: 'source', name: 'Source', width: 2 },
      { field: 'country', name: 'Country', width: 0.8, hint: 'not stated' },
    ],
  },
  { part: 'clock', title: 'Name and time zone', about: 'Days, hours and weekdays of the case are those of this zone.' },
  {
    part: 'excluded',
    title: 'Excluded',
    about: 'Addresses inside the ranges whose flows are no activity of users.',
    noun: 'block',
    columns: [
      { field: 'cidr', name: 'Addresses', width: 1, hint: '192.0.2.8/31' },
      { field: 'why', name: 'Why', width: 2 },
    ],
  },
  {
    part: 'servers',
    title: 'Servers',
    about:
      'Addresses inside the ranges that serve others; what they open is no activity of users. One address or block a line.',
  },
  {
    part: 'events',
    title: 'Events',
    about: 'Dated events that activity is compared with, in kinds of at least a few.',
    noun: 'event',
    columns: [
      { field: 'time', name: 'Time with zone', width: 1.7, hint: ZONED_TIME },
      { field: 'label', name: 'Label', width: 2 },
      { field: 'kind', name: 'Kind', width: 1.1, hint: 'missile-launch' },
      { field: 'source', name: 'Source', width: 2 },
      { field: 'uncertaintyMinutes', name: '± minutes', width: 0.7, hint: '0' },
    ],
  },
  {
    part: 'watchLists',
    title: 'Watch lists',
    about: 'Names, address blocks and networks (AS…) whose visits are told day by day, one a line.',
    noun: 'list',
    columns: [
      { field: 'name', name: 'Name', width: 1 },
      { ...MEMBERS, name: 'Members' },
    ],
  },
  {
    part: 'globalServices',
    title: 'Global services',
    about: 'Services used everywhere, which do not show presence in a country. One service a line.',
  },
  {
    part: 'groups',
    title: 'Groups',
    about: 'Categories and services whose share of activity is told together, one a line.',
    noun: 'group',
    columns: [
      { field: 'name', name: 'Name', width: 1 },
      { ...MEMBERS, name: 'Categories and services' },
    ],
  },
  {
    part: 'claims',
    title: 'Claims',
    about: 'Statements to be tested. What is expected is JSON: value, interval, date, list or verdict.',
    noun: 'claim',
    columns: [
      { field: 'id', name: 'Id', width: 0.6 },
      { field: 'text', name: 'Text', width: 3, isLong: true },
      { field: 'source', name: 'Source', width: 1.5, isLong: true },
      { field: 'kind', name: 'Kind', width: 1.3 },
      { field: 'subject', name: 'Subject', width: 1.3 },
      { field: 'metric', name: 'Metric', width: 0.9 },
      { field: 'expected', name: 'Expected', width: 1.6, isLong: true, hint: '{"value": 0.65}' },
    ],
  },
];

/** Fields of a section: those that begin with its name. */
function faultsIn(part: Section['part'], faults: DraftFaults): number {
  const own = part === 'clock' ? ['name', 'timeZone'] : [part];
  return [...faults.keys()].filter((field) => own.includes(field.split('.')[0] ?? '')).length;
}

function entriesOf(part: Section['part'], draft: ProfileDraft): number | null {
  if (part === 'clock') return null;
  const value = draft[part];
  return typeof value === 'string' ? value.split('\n').filter((line) => line.trim() !== '').length : value.length;
}

function SectionFields(props: {
  section: Section;
  draft: ProfileDraft;
  faults: DraftFaults;
  onChange: (change: Partial<ProfileDraft>) => void;
}): ReactNode {
  const { section, draft, faults, onChange } = props;
  const { part, title, noun = 'range', columns = [] } = section;
  if (part === 'clock') {
    return (
      <div className="draft-clock">
        <DraftField
          label={say('Name of the profile')}
          value={draft.name}
          fault={faults.get('name')}
          onChange={(name) => onChange({ name })}
        />
        <DraftField
          label={say('Time zone (IANA name)')}
          list="profile-zones"
          value={draft.timeZone}
          fault={faults.get('timeZone')}
          onChange={(timeZone) => onChange({ timeZone })}
        />
        <datalist id="profile-zones">
          {Intl.supportedValuesOf('timeZone').map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
    );
  }
  if (part === 'servers' || part === 'globalServices') {
    return (
      <DraftField
        label={say('{title}, one a line', { title: say(title) })}
        value={draft[part]}
        fault={faults.get(part)}
        rows={14}
        onChange={(value) => onChange({ [part]: value })}
      />
    );
  }
  return (
    <DraftRows
      table={part}
      noun={noun}
      columns={columns}
      rows={draft[part]}
      faults={faults}
      onChange={(rows) => onChange({ [part]: rows })}
    />
  );
}

/** `draft`: what was typed before and not saved; null: the profile as it is. */
export function ProfileEditor(props: {
  profile: Profile;
  draft: ProfileDraft | null;
  onSave: (profile: Profile, draft: ProfileDraft) => void;
  onClose: () => void;
}): ReactNode {
  const { profile: before } = props;
  const { busy, overview } = useWorkbench();
  const [draft, setDraft] = useState(() => props.draft ?? draftOf(before));
  const [part, setPart] = useState<Section['part']>('ranges');
  const { profile, faults } = useMemo(() => checkDraft(draft, before), [draft, before]);
  const isChanged = profile === null || JSON.stringify(profile) !== JSON.stringify(before);
  const isReady = profile !== null && isChanged && !busy && !overview.sealed;
  const section = SECTIONS.find((each) => each.part === part) ?? SECTIONS[0];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) props.onSave(profile, draft);
  };
  const state =
    faults.size > 0
      ? `${say('{count|fault|faults}', { count: faults.size })}: ${SECTIONS.filter(
          (each) => faultsIn(each.part, faults) > 0,
        )
          .map(({ title }) => say(title))
          .join(', ')}.`
      : !isChanged
        ? say('Nothing is changed yet.')
        : busy
          ? say('A job is in work: wait for its end.')
          : say(
              'Every flow is labelled and every finding made anew; the audit chain keeps the hashes of both profiles.',
            );
  return (
    <Modal label={say('Correct the profile')} className="profile-editor" isFirm onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2>{say('Correct the profile')}</h2>
        <div className="profile-parts">
          <ul aria-label={say('Parts of the profile')}>
            {SECTIONS.map((each) => {
              const wrong = faultsIn(each.part, faults);
              const entries = entriesOf(each.part, draft);
              return (
                <li key={each.part}>
                  <button
                    type="button"
                    aria-current={each.part === part ? 'true' : undefined}
                    onClick={() => setPart(each.part)}
                  >
                    <span>{say(each.title)}</span>
                    {wrong > 0 ? (
                      <span className="draft-fault">{say('{count|fault|faults}', { count: wrong })}</span>
                    ) : (
                      <span className="quiet">{entries ?? ''}</span>
                    )}
                  </button>
                </li>
              );
            })}
          </ul>
          {section !== undefined && (
            <section key={section.part} aria-labelledby="profile-part">
              <h3 id="profile-part">{say(section.title)}</h3>
              <p className="quiet">{say(section.about)}</p>
              <div className="draft-fields" tabIndex={0} role="group" aria-label={say(section.title)}>
                <SectionFields
                  section={section}
                  draft={draft}
                  faults={faults}
                  onChange={(change) => setDraft({ ...draft, ...change })}
                />
              </div>
            </section>
          )}
        </div>
        <footer>
          <p className={faults.size > 0 ? 'problem' : 'quiet'} aria-live="polite">
            {state}
          </p>
          <button type="button" onClick={props.onClose}>
            {say('Cancel')}
          </button>
          <button type="submit" className="primary" disabled={!isReady}>
            {say('Save and analyse anew')}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
