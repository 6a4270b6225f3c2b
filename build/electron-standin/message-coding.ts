/**
 * Values between the preload and main as text: what the structured clone algorithm carries, as far as our messages need it.
 * Both functions are also sent into the page as source: they use nothing from outside themselves.
 */

/** Throws Electron's own message for what cannot be cloned. */
export function encodeMessage(message: unknown): string {
  // Almost every message: tables need no copy.
  const isJson = (value: unknown): boolean => {
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
    if (Array.isArray(value)) return value.every(isJson);
    const isRecord = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
    return isRecord && !('$' in value) && Object.values(value).every(isJson);
  };
  const toPlain = (value: unknown): unknown => {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: 'number', v: String(value) };
      case 'undefined':
        return { $: 'undefined' };
      case 'bigint':
        return { $: 'bigint', v: String(value) };
      case 'object':
        break;
      default:
        throw new Error('An object could not be cloned.');
    }
    if (value === null) return null;
    if (Array.isArray(value)) return value.map(toPlain);
    if (value instanceof Date) return { $: 'date', v: value.getTime() };
    if (value instanceof Map) return { $: 'map', v: [...value].map((entry) => entry.map(toPlain)) };
    if (value instanceof Set) return { $: 'set', v: [...value].map(toPlain) };
    if (value instanceof Uint8Array) return { $: 'bytes', v: [...value] };
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) throw new Error('An object could not be cloned.');
    const entries = Object.entries(value).map(([key, member]) => [key, toPlain(member)]);
    return '$' in value ? { $: 'object', v: entries } : Object.fromEntries(entries);
  };
  return JSON.stringify(isJson(message) ? message : toPlain(message));
}

export function decodeMessage(text: string): unknown {
  const fromPlain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fromPlain);
    if (typeof value !== 'object' || value === null) return value;
    const { $: kind, v } = value as { $?: string; v?: unknown };
    if (kind === undefined) {
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromPlain(member)]));
    }
    const list = Array.isArray(v) ? v.map(fromPlain) : [];
    switch (kind) {
      case 'number':
        return Number(v);
      case 'bigint':
        return BigInt(String(v));
      case 'date':
        return new Date(Number(v));
      case 'map':
        return new Map(list as [unknown, unknown][]);
      case 'set':
        return new Set(list);
      case 'bytes':
        return new Uint8Array(list as number[]);
      case 'object':
        return Object.fromEntries(list as [string, unknown][]);
      default:
        return undefined;
    }
  };
  const parsed: unknown = JSON.parse(text);
  return text.includes('"$":') ? fromPlain(parsed) : parsed;
}
