import type { Signal } from '../model/otlp.ts'

/**
 * Where attributes are in a message of OTLP 1.x: the fields that lead to some, by number.
 * `gone`: removed from the protocol; nobody reads it, and it may hold anything.
 */
export interface Shape {
  readonly kind?: 'pair' | 'log' | 'event'
  readonly children: { readonly [field: number]: Shape | 'gone' }
}

const ANY_VALUE: { readonly children: Record<number, Shape> } = { children: {} }
const PAIR: Shape = { kind: 'pair', children: { 2: ANY_VALUE } }
// Values hold lists of values, and maps, which are pairs again.
ANY_VALUE.children[5] = { children: { 1: ANY_VALUE } }
ANY_VALUE.children[6] = { children: { 1: PAIR } }

const RESOURCE: Shape = { children: { 1: PAIR } }
const SCOPE: Shape = { children: { 3: PAIR } }
const EVENT: Shape = { kind: 'event', children: { 3: PAIR } }
const LINK: Shape = { children: { 4: PAIR } }
const SPAN: Shape = { children: { 9: PAIR, 11: EVENT, 13: LINK } }
const LOG: Shape = { kind: 'log', children: { 5: ANY_VALUE, 6: PAIR } }
const EXEMPLAR: Shape = { children: { 7: PAIR } }
const NUMBER_POINT: Shape = { children: { 5: EXEMPLAR, 7: PAIR } }
const HISTOGRAM_POINT: Shape = { children: { 8: EXEMPLAR, 9: PAIR } }
const EXPONENTIAL_POINT: Shape = { children: { 1: PAIR, 11: EXEMPLAR } }
const SUMMARY_POINT: Shape = { children: { 7: PAIR } }
const METRIC: Shape = {
  children: {
    5: { children: { 1: NUMBER_POINT } },
    7: { children: { 1: NUMBER_POINT } },
    9: { children: { 1: HISTOGRAM_POINT } },
    10: { children: { 1: EXPONENTIAL_POINT } },
    11: { children: { 1: SUMMARY_POINT } },
    12: PAIR,
  },
}

/** Field numbers that both kinds of events share with nobody else. */
export const LOG_FIELDS = { body: 5, attributes: 6, name: 12 } as const
export const EVENT_FIELDS = { name: 2, attributes: 3 } as const

/** The `Export…ServiceRequest` of each signal: all three have the same frame. */
export const REQUEST_SHAPES: Readonly<Record<Signal, Shape>> = {
  traces: toRequest(SPAN),
  logs: toRequest(LOG),
  metrics: toRequest(METRIC),
}

function toRequest(item: Shape): Shape {
  const scoped: Shape = { children: { 1: SCOPE, 2: item } }
  // 1000: the instrumentation libraries of OTLP before 0.19.
  return { children: { 1: { children: { 1: RESOURCE, 2: scoped, 1000: 'gone' } } } }
}
