import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';

/** The catalogue against the vocabulary and the draft that it was made from. */

const SHARED = join(import.meta.dirname, '../../../shared');
const VOCABULARY = join(SHARED, 'vocabulary.tsv');
const DRAFT = join(SHARED, 'reference/catalogue-draft.json');
const catalogue = Catalogue.load();

describe.skipIf(!existsSync(VOCABULARY))('the vocabulary (skipped: ../shared/vocabulary.tsv is absent)', () => {
  const rows = existsSync(VOCABULARY)
    ? readFileSync(VOCABULARY, 'utf8')
        .split('\n')
        .map((line) => line.split('\t'))
        .filter(([kind]) => kind === 'service')
    : [];

  test('a service of both has one category', () => {
    let both = 0;
    for (const [, id = ''] of rows) {
      const service = catalogue.service(id);
      if (service === null) continue;
      // Snapchat stands twice: as a network and as a caller.
      const allowed = rows.filter((row) => row[1] === id).map((row) => row[2]);
      expect(allowed).toContain(service.category);
      both++;
    }
    expect(both).toBeGreaterThan(170);
  });

  test('every service of the study is in the catalogue', () => {
    const study = rows.filter(([, , , , note]) => note?.startsWith('from the study')).map(([, id]) => id ?? '');
    expect(study.length).toBeGreaterThan(20);
    expect(study.filter((id) => catalogue.service(id) === null)).toEqual([]);
  });
});

/** Draft categories whose word is another here, or that are no category here. */
const CATEGORY: Readonly<Record<string, string>> = { 'travel-reference': 'reference' };

/** Draft domains that were judged otherwise, with the category they have here (null: none), and why. */
const JUDGED_OTHERWISE: Readonly<Record<string, string | null>> = {
  // Shared hosts: the portal and static hosts of NetEase are no mail.
  'netease.com': 'search',
  '127.net': 'search',
  '126.net': 'search',
  // Sign-in and connectivity check of all of Microsoft.
  'live.com': 'infra',
  'msftconnecttest.com': 'infra',
  // Owner's shared hosts rather than one product.
  'tencent.com': 'social',
  'gtimg.com': 'social',
  'alicdn.com': 'ecommerce',
  'baidupcs.com': 'cloud',
  'googleusercontent.com': 'infra',
  'icloud.com': 'cloud',
  'apple-cloudkit.com': 'cloud',
  'office365.com': 'cloud',
  'push.apple.com': 'infra',
  // Look-ups made by programs.
  'kaspersky-labs.com': 'update',
  'kas-labs.com': 'update',
  'mcafee-cloud.com': 'update',
  'trustedsource.org': 'update',
  'symantecliveupdate.com': 'update',
  'symantec-cdn.com': 'update',
  'nortoncdn.com': 'update',
  'ocsp.digicert.com': 'update',
  'symcb.com': 'update',
  'symcd.com': 'update',
  // 360 Search.
  'so.com': 'search',
  'haosou.com': 'search',
  // A content network, not only a protection service.
  'cloudflare.com': 'infra',
  // A visit to a scanner's site is no scan, and activity leaves scans out.
  'shodan.io': 'security',
  'censys.io': 'security',
  'zoomeye.org': 'security',
  'nmap.org': 'security',
  'hackertarget.com': 'security',
  'dnsdumpster.com': 'security',
  // Hosts of several products of their owner.
  'sinaimg.cn': 'search',
  'aaplimg.com': 'infra',
  // One product of several.
  'messenger.com': 'comms',
  'ymail.com': 'email',
  // No such institution found.
  'csstep.org': null,
};

interface Draft {
  services: { id: string; category: string; domains: { name: string }[] }[];
}

describe.skipIf(!existsSync(DRAFT))('the draft (skipped: ../shared/reference/catalogue-draft.json is absent)', () => {
  const draft = existsSync(DRAFT) ? (JSON.parse(readFileSync(DRAFT, 'utf8')) as Draft) : { services: [] };

  test('every domain of the draft has its category here, or a reason', () => {
    const others: string[] = [];
    let domains = 0;
    for (const service of draft.services) {
      const [head = ''] = service.category.split('/');
      for (const { name } of service.domains) {
        domains++;
        const category = catalogue.byName(name)?.category ?? null;
        const judged = JUDGED_OTHERWISE[name];
        const wanted = judged === undefined ? (CATEGORY[head] ?? head) : judged;
        // The draft's category for sites of .kp and its media has no word of its own here.
        if (head === 'kp' ? category === null : category !== wanted)
          others.push(`${name}: ${wanted}, ${category} here`);
      }
    }
    expect(domains).toBeGreaterThan(800);
    expect(others).toEqual([]);
  });
});
