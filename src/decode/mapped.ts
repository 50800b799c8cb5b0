import type { RequestOutcome } from '../model/attempt.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Ending } from './outcome.ts'

/** An item of any signal, as the rules of `telemetry.map` read it; nothing of it is kept. */
export interface Mappable {
  readonly signal: 'span' | 'log' | 'metric'
  /** Of the span or the metric; of a log its event name, mostly ''. */
  readonly name: string
  /** Of spans: `server`, `client`, …, in any case. */
  readonly kind: string
  /** `service.name`. */
  readonly service: string
  /** Span status ERROR. */
  readonly isError: boolean
  readonly body: string
  /** Of logs and metrics both are the item's time. */
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  /** Of metrics: a gauge's or a sum's number; undefined when none was recorded. */
  readonly value: number | undefined
  /** Of metrics: 1 delta, 2 cumulative; anything else is read as cumulative. */
  readonly temporality: number
  /** Of metrics: since when the series counts, 0 when it does not say. */
  readonly startOfSeriesUnixNs: bigint
  /** Of metrics: identity of the series (resource, metric, attributes). Asked only where a rule fits. */
  seriesKey(): string
  /** An attribute by its exact name, with `resource.` first for the resource's. */
  get(key: string): FieldValue | undefined
}

/** An attempt or a request that a rule found in an item. */
export interface Mapped {
  readonly unit: 'attempt' | 'request'
  /** '' only of an attempt's span, whose request names it. */
  readonly route: string
  /** '' only of a request: its attempts name them. Of a request with attempts, that of the ok one. */
  readonly target: string
  /**
   * As far as this item tells: of a request, judged with the attempts of the same item. Where others
   * may belong to it (spans), it is to be judged again, by `ending`, unless `isOutcomeSaid`.
   */
  readonly outcome: RequestOutcome
  readonly isOutcomeSaid: boolean
  readonly ending: Ending
  /** As judged: of a cancelled request perhaps `abandoned`. */
  readonly errorType: string
  /** τ_c by which a cancellation was judged, 0 when it was none. */
  readonly abandonedAfterMs: number
  /** `EPOCH.GENERATION`, '' when it is not said. */
  readonly generation: string
  /** '' when nothing names it: then a trace id, or nothing but this item, ties it together. */
  readonly requestId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  /** So many at once: above 1 for steps of counters and for retries that are only counted. */
  readonly count: number
  /** Of a request: attempts in the same item. 0 says nothing where they come as items of their own. */
  readonly attemptCount: number
}

export interface Mapper {
  /** Cheap: whether any rule could fit items of this signal, service and name. */
  mayMap(signal: Mappable['signal'], service: string, name: string): boolean
  /**
   * Attempts first, oldest first, then the request. Keeps the last value of each counter that rules
   * name, so every point is to be given once, in the order in which they came.
   */
  map(item: Mappable): readonly Mapped[]
}
