import type { FilterField } from './filter/fields.ts';

/** Fields that flows can be listed by: every column of the table of flows. Addresses with ports go by address, then port. */
export const ORDER_FIELDS = [
  'start',
  'end',
  'duration',
  'initiator',
  'initiatorPort',
  'responder',
  'responderPort',
  'host',
  'peer',
  'direction',
  'subjectSide',
  'range',
  'country',
  'asn',
  'organisation',
  'hostname',
  'transport',
  'protocol',
  'service',
  'category',
  'bytes',
  'bytesOut',
  'bytesIn',
  'packets',
  'packetsOut',
  'packetsIn',
  'tcpFlags',
  'state',
  'labelEvidence',
  'confidence',
  'ja3',
  'ja4',
  'userAgent',
  'via',
  'forwardedFor',
  'synOptions',
  'sampling',
  'exporter',
  'nextHop',
  'inputInterface',
  'outputInterface',
  'assembly',
  'enterpriseFields',
  'duplicate',
  'indicator',
  'tunnel',
  'evidence',
  'locator',
] as const satisfies readonly FilterField[];
export type OrderField = (typeof ORDER_FIELDS)[number];

/** Flows by a field; those without it come last both ways, and those alike in stored order. */
export interface FlowOrder {
  by: OrderField;
  descending: boolean;
}
