import type { Attempt, Request } from './attempt.ts'

/** What a value may be. */
export type FieldValue = string | number | boolean

export type ObservationUnit = 'attempt' | 'request' | 'span' | 'log' | 'metric' | 'status'

/** Who sent it: the unit of watermarks and of silence. */
export interface Source {
  readonly id: string
  readonly component: 'router' | 'worker' | 'autoscaler' | 'other'
}

/**
 * One telemetry item as rules see it. An attempt is also a span: it comes once per unit it is.
 * Immutable; may be kept.
 */
export interface Observation {
  readonly unit: ObservationUnit
  /** Event time by which windows count it: end of spans, time of logs and metric points. */
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly source: Source
  /** Of all its samples together. */
  readonly weight: number
  /** Samples that it stands for; default 1. Counters and retries tell only how many there were. */
  readonly count?: number
  /**
   * A meaning (CONTRACT.md §3), a built-in (§5: role, outcome, service, name, kind, status,
   * status_message, duration in ms, severity, body, event, metric, value, template), of a metric
   * `metric.series` (a number that tells the series of one sender apart) or any attribute name, with
   * `resource.` first for a resource's. Undefined when absent. It reads from the request's bytes, as
   * other members may: good until the call that hands it over returns.
   */
  field(key: string): FieldValue | undefined
  /** The same, for who asks so often that a function for each observation is too much; may be absent. */
  ask?(key: string): FieldValue | undefined
  /** The number that it has of one of `NOTED_KEYS` at hand, by its place; NaN: ask for it. */
  noted?(place: number): number
  /**
   * Of an attempt that is no span but was counted by its router: `instead` of its spans, or `counted`
   * beside them. Absent for all that telemetry brings.
   */
  readonly feed?: 'instead' | 'counted'
  /** Only that its sender was heard: no item, and counted by no rule. */
  readonly isPresence?: boolean
  readonly attempt?: Attempt | undefined
  readonly request?: Request | undefined
  /** For counting once: the hash of what names it (`lib/identity.ts`); absent for logs and metrics. */
  readonly once?: number | undefined
  /**
   * Observations with the same traits are of one unit and one source, answer `field` alike for every
   * key that a rule reads but the `VARYING_KEYS`, and carry the same ones of these; attempts are of one
   * route, target, role and outcome. So whoever sorted one has sorted all of them. Absent where nobody knows. Other rules, or another topology, and none
   * of before come again.
   */
  readonly traits?: Traits | undefined
}

/** One object for each look. */
export interface Traits {
  /** Of whoever sorts by them: what it found. It knows its own notes. */
  note: unknown
}

/** Keys whose values hardly ever come again: numbers, identities, texts. */
export const VARYING_KEYS: ReadonlySet<string> = new Set([
  ...['duration', 'value', 'count', 'sum', 'cost', 'template', 'metric.series'],
  ...['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'],
  ...['request_id', 'session', 'body', 'status_message', 'exception.message'],
  ...['exception.stacktrace', 'started', 'ok', 'failed', 'inflight', 'oldest_ms'],
])
