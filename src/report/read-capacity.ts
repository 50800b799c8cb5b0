import type { Failover } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { throughputQuery } from './attempts.ts'
import {
  type Capacity,
  createCapacity,
  type OfferedBin,
  type ReadyReading,
  type Throughput,
} from './capacity.ts'
import type { Query, QueryRunner } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'

export interface ReadCapacityOptions {
  readonly runner: QueryRunner
  readonly route: string
  readonly detectMs: number
  readonly horizonMs: number
  readonly timings: Timings
  readonly readyWorkers: Failover['targets'][string]['ready_workers']
  readonly offered: readonly OfferedBin[]
  readonly binMs: number
}

/** What the primary can carry; without `ready_workers` in failover.yaml nothing is known of it. */
export async function readCapacity(options: ReadCapacityOptions): Promise<Capacity> {
  const { runner, route, detectMs, horizonMs, timings, readyWorkers, offered, binMs } = options
  const windowMs = timings.throughputWindowMs
  const known = { windowMs, offered, binMs }
  if (!readyWorkers) return createCapacity({ ...known, readings: [], throughput: [] })
  const range = { fromMs: detectMs - timings.throughputMemoryMs, toMs: horizonMs }
  const stepS = Math.max(1, Math.floor(windowMs / 1000 / 12))
  const points = await runner.run<GaugeRow>(
    gaugeQuery({ ...range, metric: readyWorkers.metric, stepS }),
  )
  const matches = compileMatchers(readyWorkers.where)
  const readings = points.filter((point) => matches((key) => fieldOf(point, key))).map(toReading)
  const throughput = await runner.run<Throughput>(throughputQuery({ route, ...range, windowMs }))
  return createCapacity({ ...known, readings, throughput })
}

/** An attribute of the point, else of its resource; `resource.` first means the resource only. */
function fieldOf(point: GaugeRow, key: string): string | undefined {
  if (key.startsWith('resource.')) return point.resource[key.slice('resource.'.length)]
  if (key === 'service') return point.service
  return point.attributes[key] ?? point.resource[key]
}

function toReading({ atMs, value, service, resource, attributes }: GaugeRow): ReadyReading {
  return { atMs, value, series: JSON.stringify([service, resource, attributes]) }
}

interface GaugeRow {
  readonly atMs: number
  readonly value: number
  readonly service: string
  readonly resource: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, string>>
}

/** The newest point of each series per step. */
function gaugeQuery(range: Omit<Range, 'route'> & { metric: string; stepS: number }): Query {
  return {
    id: 'ready_workers',
    params: { ...rangeParams({ ...range, route: '' }), metric: range.metric, stepS: range.stepS },
    sql: `
SELECT toFloat64(toUnixTimestamp(max(TimeUnix))) * 1000 AS atMs, argMax(Value, TimeUnix) AS value,
  ServiceName AS service, ResourceAttributes AS resource, Attributes AS attributes
FROM otel_metrics_gauge
WHERE MetricName = {metric:String} AND ${within('TimeUnix')}
GROUP BY intDiv(toUnixTimestamp(TimeUnix), {stepS:UInt32}), service, resource, attributes
ORDER BY atMs, toString(resource), toString(attributes)`,
  }
}
