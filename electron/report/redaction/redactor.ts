import { createHmac } from 'node:crypto';
import { type AddressWords, formatAddress, formatBlock, isIpv4, parseBlock } from '../../../shared/address.ts';
import { blockBits } from '../../../shared/filter/address-span.ts';
import type { FilterValue } from '../../../shared/filter/expression.ts';
import type { Redaction } from '../../../shared/redaction.ts';
import type { CaseReader } from '../../casefile/case-reader.ts';
import { type FoundAddress, printAddress, replaceAddresses } from './address-text.ts';
import { CryptoPan } from './crypto-pan.ts';
import { KnownTexts } from './exact-text.ts';
import { type AliasedRange, HostAliases, letters } from './host-aliases.ts';
import { rewriteFilter } from './redacted-filter.ts';
import { registrableDomain, replaceHostNames } from './registrable-domain.ts';
import { isVocabulary, LEFT_OUT, type Secrets, secretsOf } from './secrets.ts';

/** Blocks of hosts of up to so many addresses are told host by host where hosts have aliases. */
const MOST_SPELT_OUT = 16;
/** Running text in which an alias needs no word before it: `host …`, `hosts …, … and …`. */
const AFTER_HOST = /\bhosts?\s(?:[0-9a-f.:]{2,45}(?:, and |, | and ))*$/i;
const HOST_LEFT_OUT = '(host left out)';

/** Values of one case as a redacted report prints them: one value always alike, in text, tables, filters and figures. */
export class Redactor {
  readonly hidesAddresses: boolean;
  readonly hidesNames: boolean;
  readonly secrets: Secrets;
  /** Addresses and first addresses of blocks that were printed, in canonical form. */
  readonly printed = new Set<string>();
  /** Canonical addresses that must not be printed because their hosts are left out. */
  readonly leftOutHosts: ReadonlySet<string>;
  readonly #key: Uint8Array;
  readonly #pan: CryptoPan;
  readonly #aliases: HostAliases | null;
  readonly #known: KnownTexts;
  readonly #labels: ReadonlyMap<string, string>;
  /** Texts told before: findings repeat each other. */
  readonly #told = new Map<string, string>();

  /** @param key of the case, 32 bytes; @param leftOut addresses of hosts that the report leaves out */
  constructor(reader: CaseReader, level: Redaction, key: Uint8Array, leftOut: readonly AddressWords[]) {
    this.hidesAddresses = level === 'addresses' || level === 'full';
    this.hidesNames = level === 'names' || level === 'full';
    this.#key = key;
    this.#pan = new CryptoPan(key);
    this.leftOutHosts = new Set(leftOut.map((words) => formatAddress(...words)));
    this.secrets = secretsOf(reader);
    this.#labels = this.secrets.labels;
    this.#known = new KnownTexts(this.hidesNames ? this.secrets.replaced : []);
    const labels = [...new Set(reader.profile.ranges.map((range) => range.label))];
    const ranges = reader.profile.ranges.flatMap(({ label, cidr }): AliasedRange[] => {
      const block = parseBlock(cidr);
      return block === null ? [] : [{ letter: letters(labels.indexOf(label)), block }];
    });
    this.#aliases = level === 'full' ? new HostAliases(key, ranges) : null;
  }

  /** The alias of a host of the ranges; null for other addresses, and where hosts keep an address. */
  #alias(words: AddressWords): string | null {
    return this.#aliases?.of(words) ?? null;
  }

  #mapped(words: AddressWords): AddressWords {
    const mapped = this.hidesAddresses ? this.#pan.address(words) : words;
    this.printed.add(formatAddress(...mapped));
    return mapped;
  }

  #found({ words, length, form }: FoundAddress, before: string): string {
    const isShort = isIpv4(words[0], words[1], words[2]);
    const isHost = length === null || length === (isShort ? 32 : 128);
    if (isHost && this.leftOutHosts.has(formatAddress(...words))) return HOST_LEFT_OUT;
    if (isHost) {
      const alias = this.#alias(words);
      if (alias !== null) return form !== 'plain' || AFTER_HOST.test(before) ? alias : `host ${alias}`;
      const text = printAddress(this.#mapped(words), form);
      return length === null ? text : `${text}/${length}`;
    }
    const block = parseBlock(`${formatAddress(...words)}/${length}`);
    if (block === null || !this.hidesAddresses) {
      this.printed.add(formatAddress(...words));
      return `${formatAddress(...words)}/${length}`;
    }
    const mapped = this.#pan.block(block);
    this.printed.add(formatAddress(...mapped.words));
    return formatBlock(mapped);
  }

  /** Running text. */
  text(text: string): string {
    const known = this.#told.get(text);
    if (known !== undefined) return known;
    const told = this.#redacted(text);
    this.#told.set(text, told);
    return told;
  }

  #redacted(text: string): string {
    let told = text;
    if (this.hidesNames) {
      told = this.#known.replace(told);
      told = replaceHostNames(told, (name) => this.#name(name));
    }
    if (this.hidesAddresses || this.leftOutHosts.size > 0) {
      told = replaceAddresses(told, (found, before) => this.#found(found, before), this.hidesAddresses);
    }
    return told;
  }

  /** A word that may be a host name, cut; null when it is none, or stays as it is. */
  #name(name: string): string | null {
    const domain = registrableDomain(name);
    if (domain !== null) return domain === name.toLowerCase() ? null : domain;
    return this.secrets.privateNames.has(name.toLowerCase()) ? this.privateName(name) : null;
  }

  /** What is printed for a name that nobody registered. */
  privateName(name: string): string {
    return `name-${this.keyed(`name ${name.toLowerCase()}`).slice(0, 6)}`;
  }

  /** A field that holds a label of the profile or an event's kind. */
  label(label: string): string {
    if (!this.hidesNames) return this.text(label);
    return this.#labels.get(label) ?? this.text(label);
  }

  /** A text that people wrote, whole. */
  free(text: string, instead = `(${LEFT_OUT})`): string {
    if (text === '') return '';
    return this.hidesNames ? instead : this.text(text);
  }

  /** Texts about some labels that are plain words of Enclave too, and are not replaced elsewhere. */
  about(labels: readonly string[]): (text: string) => string {
    const own = labels.filter((label) => this.secrets.plainLabels.has(label));
    if (!this.hidesNames || own.length === 0) return (text) => this.text(text);
    const known = new KnownTexts(
      own.map((value) => ({ value, replacement: this.#labels.get(value) ?? value, kind: 'a label of the profile' })),
    );
    return (text) => this.text(known.replace(text));
  }

  path(path: string): string {
    return this.hidesNames ? (this.secrets.paths.get(path) ?? `(${LEFT_OUT})`) : this.text(path);
  }

  person(name: string): string {
    if (!this.hidesNames || name === '' || name === 'not supplied') return this.text(name);
    return this.secrets.people.get(name) ?? 'examiner';
  }

  /** 64 hex digits that stand for a text and can be had from it only with the case's key. */
  keyed(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex');
  }

  filter(where: string): string {
    if (where === '') return '';
    const rewritten = rewriteFilter(where, {
      address: (words) => this.#filterAddress(words),
      block: (low, high) => this.#filterBlock(low, high),
      text: (field, text) => this.#filterText(field, text),
    });
    return rewritten ?? this.text(where);
  }

  #filterAddress(words: AddressWords): FilterValue {
    if (this.leftOutHosts.has(formatAddress(...words))) return { type: 'text', text: 'left-out' };
    const alias = this.#alias(words);
    if (alias !== null) return { type: 'text', text: alias };
    const mapped = this.#mapped(words);
    return { type: 'addresses', low: mapped, high: mapped };
  }

  #filterBlock(low: AddressWords, high: AddressWords): FilterValue[] {
    const bits = blockBits(low, high);
    if (!this.hidesAddresses || bits === null) {
      this.printed.add(formatAddress(...low)).add(formatAddress(...high));
      return [{ type: 'addresses', low, high }];
    }
    const size = 2 ** (128 - bits);
    if (this.#aliases !== null && size <= MOST_SPELT_OUT && this.#alias(low) !== null) {
      return Array.from({ length: size }, (_, i): FilterValue =>
        this.#filterAddress([low[0], low[1], low[2], low[3] + i]),
      );
    }
    const mapped = this.#pan.block({ words: low, bits });
    this.printed.add(formatAddress(...mapped.words));
    const last = mapped.words.map((word, i) => (word | ((low[i] ?? 0) ^ (high[i] ?? 0))) >>> 0);
    return [{ type: 'addresses', low: mapped.words, high: [last[0] ?? 0, last[1] ?? 0, last[2] ?? 0, last[3] ?? 0] }];
  }

  #filterText(field: string, text: string): string {
    if (!this.hidesNames) return this.text(text);
    switch (field) {
      case 'range': {
        // A piece of a label (`range ~ "main"`) is no label, and would stay.
        const told = this.label(text);
        return told === text && !isVocabulary(text) ? 'left-out' : told;
      }
      case 'evidence':
        // Ids are hashes; anything else was typed by somebody.
        return /^[0-9a-f*]*$/.test(text) ? text : 'left-out';
      case 'userAgent':
      case 'via':
      case 'forwardedFor':
      case 'enterpriseFields':
      case 'indicator':
        return text === 'yes' ? text : 'left-out';
      case 'hostname': {
        const dots = /^[.*]*/.exec(text)?.[0] ?? '';
        const name = text.slice(dots.length);
        const domain = registrableDomain(name);
        if (domain !== null && name.includes('.')) return dots + domain;
        return name.includes('.') ? dots + this.privateName(name) : 'left-out';
      }
      default:
        return this.text(text);
    }
  }
}
