import type { AddressWords } from '../../../shared/address.ts';
import { type Words, wordsAreZero } from './nfcapd-values.ts';

/** Exporters and samplers as nfcapd files tell of them, to undo what the collector multiplied. */

/** Version number under which sfcapd enters its exporters. */
const SFLOW_EXPORTER = 9999;
/** Samplers kept of one file. */
export const MAX_SAMPLERS = 65_536;

/** Ids that the collector gives to samplers no record names: set by hand for all, for want of another, or announced. */
const OVERWRITE = -3;
const FALLBACK = -2;
const GENERIC = -1;

/** Of `interval + space` packets, `interval` were looked at. */
export interface Sampler {
  readonly interval: number;
  readonly space: number;
}

interface Exporter {
  address: AddressWords | undefined;
  isSflow: boolean;
  readonly samplers: Map<number, Sampler>;
  /** The sampler, as long as all were alike. */
  common: Sampler | null;
}

/** Exporters by the number (16 bits) that records refer to. */
export class Exporters {
  readonly #byNumber = new Map<number, Exporter>();
  #samplers = 0;

  #exporter(number: number): Exporter {
    let exporter = this.#byNumber.get(number);
    if (exporter === undefined) {
      exporter = { address: undefined, isSflow: false, samplers: new Map(), common: null };
      this.#byNumber.set(number, exporter);
    }
    return exporter;
  }

  /** Takes an exporter in; `version` is that of its protocol. */
  enter(number: number, address: Words, version: number): void {
    const exporter = this.#exporter(number);
    exporter.address = wordsAreZero(address) ? undefined : [address[0], address[1], address[2], address[3]];
    exporter.isSflow = version === SFLOW_EXPORTER;
  }

  /** Takes a sampler in; false when there are too many. */
  enterSampler(number: number, id: number, interval: number, space: number): boolean {
    const exporter = this.#exporter(number);
    if (!exporter.samplers.has(id) && this.#samplers++ >= MAX_SAMPLERS) return false;
    const sampler = { interval, space };
    exporter.samplers.set(id, sampler);
    if (exporter.samplers.size === 1) exporter.common = sampler;
    else if (exporter.common !== null && interval * exporter.common.space !== space * exporter.common.interval) {
      exporter.common = null;
    }
    return true;
  }

  address(number: number): AddressWords | undefined {
    return this.#byNumber.get(number)?.address;
  }

  isSflow(number: number): boolean {
    return this.#byNumber.get(number)?.isSflow ?? false;
  }

  /**
   * The sampler that the collector applied: as it chooses (nfdump 1.7) where the record names one or none was named,
   * else the only one there is.
   *
   * @param id id of the sampler, 0 = the record names none; null = the layout has no room for it
   */
  sampler(number: number, id: number | null): Sampler | null {
    const exporter = this.#byNumber.get(number);
    if (exporter === undefined) return null;
    const { samplers, common } = exporter;
    if (id === null || common !== null) return common;
    return samplers.get(OVERWRITE) ?? samplers.get(id) ?? samplers.get(GENERIC) ?? samplers.get(FALLBACK) ?? null;
  }
}
