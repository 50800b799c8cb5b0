import type { NativeRows } from '../lib/native-reader.ts'
import type { ClickHouse } from './clickhouse.ts'
import { momentOf, within } from './recorded-moment.ts'
import type { ItemQuery, PointQuery, ServedQuery, Slice } from './recorded-query.ts'
import {
  selectArrivals,
  selectLogs,
  selectPoints,
  selectResources,
  selectServed,
  selectSpans,
  selectStatuses,
} from './recorded-sql.ts'
import { type ItemTable, POINT_TABLES, type PointTable } from './recorded-tables.ts'

/** How much was seen when, for cutting a range into slices. */
export interface SeenCount {
  /** Ns since the base. */
  readonly from: number
  readonly count: number
  /** Bits of the units that came; see `signalbox_arrivals`. */
  readonly units: number
}

export interface StoredRestart {
  readonly seen: number
  readonly route: string
  readonly epoch: number
  readonly generation: number
}

export interface StoredEvaluation {
  readonly atUnixMs: number
  readonly seen: number
  readonly rule: string
  readonly by: Readonly<Record<string, string>>
  readonly state: string
  readonly effect: string
}

export interface ResourceQuery extends Pick<ItemQuery, 'attributes'> {
  readonly hashes: readonly number[]
}

/**
 * What detection saw, and found, as it was stored. Arrivals, statuses and what is told in rows of its
 * own come in the order of `seen`, items as they lie: each names its `seen`, and its resource (`R`) by
 * a hash.
 */
export interface Recorded {
  /** @param stepNs length of one count */
  counts(slice: Slice, stepNs: bigint): Promise<readonly SeenCount[]>
  arrivals(slice: Slice): Promise<NativeRows[]>
  served(slice: Slice, query: ServedQuery): Promise<NativeRows[]>
  spans(slice: Slice, query: ItemQuery): Promise<NativeRows[]>
  logs(slice: Slice, query: ItemQuery): Promise<NativeRows[]>
  points(slice: Slice, table: PointTable, query: PointQuery): Promise<NativeRows[]>
  /** `H` and `R`, of those of the hashes that are found. */
  resources(slice: Slice, table: ItemTable, query: ResourceQuery): Promise<NativeRows[]>
  statuses(slice: Slice): Promise<NativeRows[]>
  restarts(slice: Slice): Promise<readonly StoredRestart[]>
  /** The last pair of each route before the slice, with when it was decided. */
  pairsBefore(slice: Slice): Promise<readonly StoredRestart[]>
  evaluations(slice: Slice): Promise<readonly StoredEvaluation[]>
  readonly pointTables: readonly PointTable[]
}

export function createRecorded(clickhouse: Pick<ClickHouse, 'query' | 'rows'>): Recorded {
  const rows = ({ room }: Slice, sql: string, params: Readonly<Record<string, unknown>> = {}) =>
    clickhouse.rows(sql, params, room)
  return {
    pointTables: POINT_TABLES,
    counts: (slice, stepNs) =>
      clickhouse.query<SeenCount>(
        `SELECT toFloat64(step) * ${stepNs} AS from, toFloat64(sum(Items)) AS count,
           groupBitOr(Units) AS units FROM (
           SELECT intDiv(toUnixTimestamp64Nano(SeenAt) - ${slice.base}, ${stepNs}) AS step, Items, Units
           FROM signalbox_arrivals WHERE ${within(slice)}
         ) GROUP BY step ORDER BY step`,
      ),
    arrivals: (slice) => rows(slice, selectArrivals(slice)),
    served: (slice, query) => rows(slice, selectServed(slice, query), paramsOf(query)),
    spans: (slice, query) => rows(slice, selectSpans(slice, query), { names: query.attributes }),
    logs: (slice, query) => rows(slice, selectLogs(slice, query), { names: query.attributes }),
    points: (slice, table, query) =>
      rows(slice, selectPoints(slice, table, query), {
        names: query.attributes,
        ...(query.metrics && { metrics: query.metrics }),
      }),
    resources: (slice, table, { hashes, attributes }) =>
      rows(slice, selectResources(slice, table), { hashes, names: attributes }),
    statuses: (slice) => rows(slice, selectStatuses(slice)),
    restarts: (slice) =>
      clickhouse.query<StoredRestart>(
        `SELECT toFloat64(toUnixTimestamp64Nano(SeenAt) - ${slice.base}) AS seen,
           Route AS route, Epoch AS epoch, Generation AS generation
         FROM signalbox_transitions WHERE ${within(slice)} ORDER BY seen`,
      ),
    pairsBefore: (slice) =>
      clickhouse.query<StoredRestart>(
        `SELECT toFloat64(toUnixTimestamp64Nano(SeenAt) - ${slice.base}) AS seen,
           Route AS route, Epoch AS epoch, Generation AS generation
         FROM signalbox_transitions WHERE SeenAt > 0 AND SeenAt < ${momentOf(slice.from)}
         ORDER BY SeenAt DESC LIMIT 1 BY Route`,
      ),
    evaluations: (slice) =>
      clickhouse.query<StoredEvaluation>(
        `SELECT toFloat64(toUnixTimestamp64Milli(At)) AS atUnixMs,
           toFloat64(toUnixTimestamp64Nano(SeenAt) - ${slice.base}) AS seen,
           Rule AS rule, \`By\` AS by, State AS state, Effect AS effect
         FROM signalbox_rule_evaluations WHERE ${within(slice)} ORDER BY seen`,
      ),
  }
}

function paramsOf({ anyOf = [], span }: ServedQuery): Readonly<Record<string, unknown>> {
  const values = anyOf.flatMap((all, i) =>
    all.map(({ values }, j) => [`is_${i}_${j}`, values] as const),
  )
  return { ...Object.fromEntries(values), ...(span && { names: span.attributes }) }
}
