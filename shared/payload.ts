/** The seam between the flow table, which sees every packet, and whoever recognises protocols in the first payloads. */

/** What an inspector says after a look at one payload. */
export const NOT_RECOGNISED = 0;
/** Recognised; no more payload of this flow is wanted. */
export const RECOGNISED = 1;
/** Recognised, and every further payload is wanted too (DNS: each answer counts). */
export const WATCH = 2;
/** Recognised, but the name is not complete: wanted again with the bytes that follow in the same direction. */
export const RECOGNISED_WANTS_MORE = 3;
/** Not decided: wanted again with the bytes that follow in the same direction. */
export const WANTS_MORE = 4;
/** Recognised, and the next payload of either direction may tell more; what was seen is not shown again. */
export const RECOGNISED_LOOK_ON = 5;
export type InspectionResult =
  | typeof NOT_RECOGNISED
  | typeof RECOGNISED
  | typeof WATCH
  | typeof RECOGNISED_WANTS_MORE
  | typeof WANTS_MORE
  | typeof RECOGNISED_LOOK_ON;

/**
 * One payload on the inspector's table; a single object, filled anew for each payload. For TCP the bytes are the head of
 * the stream as far as it has been put together in order.
 */
export class Payload {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** Exclusive. */
  end = 0;
  /** IP protocol number. */
  transport = 0;
  fromInitiator = true;
  sourcePort = 0;
  destinationPort = 0;
  /** Microseconds since the epoch. */
  time = 0;
  /** Addresses of the packet, four signed words each. */
  source: Int32Array = new Int32Array(4);
  destination: Int32Array = new Int32Array(4);
  /** Payloads of this flow that the inspector has seen before this one, both directions. */
  looks = 0;
  /** The inspector's own memory of this flow, kept between calls while the flow is undecided; null at first. */
  memory: unknown = null;

  /** Filled by the inspector: index in its list of rules (0 = none). */
  rule = 0;
  name = '';
  /** Index in NAME_ORIGINS. */
  nameOrigin = 0;
  userAgent = '';
  /** Of a request: Via, and X-Forwarded-For or Forwarded. */
  via = '';
  forwardedFor = '';
  /** Fingerprints of the client's TLS hello: 32 hex digits, and JA4's three parts. */
  ja3 = '';
  ja4 = '';
}

export interface PayloadInspector {
  /** Protocol and rule ids behind `Payload.rule`; entry 0 stands for none. */
  readonly rules: readonly { readonly protocol: string; readonly id: string }[];
  inspect(payload: Payload): InspectionResult;
}
