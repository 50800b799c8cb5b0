import type { Query } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'

// What Signalbox decided, told routers and judged, out of its journal.

export interface TransitionRow {
  readonly atMs: number
  readonly kind: string
  readonly fromState: string
  readonly toState: string
  readonly epoch: number
  readonly generation: number
  readonly version: number
  readonly text: string
  readonly incident: string
  readonly evidence: string
  readonly data: string
}

export function transitionsQuery(range: Range): Query {
  return {
    id: 'transitions',
    params: rangeParams(range),
    sql: `
SELECT toFloat64(toUnixTimestamp64Milli(At)) AS atMs, Kind AS kind, FromState AS fromState, ToState AS toState,
  toFloat64(Epoch) AS epoch, toFloat64(Generation) AS generation, toFloat64(Version) AS version,
  Text AS text, Incident AS incident, Evidence AS evidence, Data AS data
FROM signalbox_transitions
WHERE Route = {route:String} AND ${within('At')}
ORDER BY At, Version, Kind, Text LIMIT 10000`,
  }
}

export interface DeliveryRow {
  /** When the attempt was sent. */
  readonly atMs: number
  readonly router: string
  readonly status: number
  readonly durationMs: number
  readonly clockOffsetMs: number | null
}

/** Attempts to tell a router of (epoch, generation), oldest first. */
export function deliveriesQuery(
  range: Range & { readonly epoch: number; readonly generation: number },
): Query {
  return {
    id: 'deliveries',
    params: { ...rangeParams(range), epoch: range.epoch, generation: range.generation },
    sql: `
SELECT toFloat64(toUnixTimestamp64Milli(At)) AS atMs, Router AS router, toFloat64(Status) AS status,
  DurationMs AS durationMs, ClockOffsetMs AS clockOffsetMs
FROM signalbox_deliveries
WHERE Route = {route:String} AND ${within('At')}
  AND Epoch = {epoch:UInt64} AND Generation = {generation:UInt64}
ORDER BY At, Router, DeliveryId LIMIT 10000`,
  }
}

export interface FiredRow {
  readonly rule: string
  readonly by: Readonly<Record<string, string>>
  readonly severity: string
  readonly firstMs: number
  readonly highest: number | null
  readonly threshold: number | null
}

/** Rule groups that concern the route and fired in the range, by first firing. */
export function firedQuery(range: Range & { readonly targets: readonly string[] }): Query {
  return {
    id: 'fired',
    params: { ...rangeParams(range), targets: range.targets.length > 0 ? range.targets : [''] },
    sql: `
SELECT Rule AS rule, By AS by, any(Severity) AS severity, toFloat64(toUnixTimestamp64Milli(min(At))) AS firstMs,
  max(Value) AS highest, max(Threshold) AS threshold
FROM signalbox_rule_evaluations
WHERE ${within('At')} AND State = 'firing' AND By['route'] IN ('', {route:String})
  AND (By['target'] = '' OR By['target'] IN {targets:Array(String)})
GROUP BY Rule, By ORDER BY firstMs, rule, toString(by) LIMIT 100`,
  }
}
