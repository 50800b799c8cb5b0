import type { Row } from '../model/batch.ts'
import { type Attributes, readAttributes } from './attributes.ts'
import { formatUnixSeconds, toBigInt, toUnixNs } from './int64.ts'
import type { Metric, MetricsRequest, NumberPoint, Point } from './metric-message.ts'
import {
  type Columns,
  exemplarColumns,
  exponentialColumns,
  histogramColumns,
  summaryColumns,
  toFloat,
  toNumber,
} from './point-columns.ts'
import { type ResourceOptions, readResource } from './resource.ts'
import { type Origin, readOrigin } from './scope.ts'
import type { Int64 } from './value-message.ts'

/** One data point of any kind of metric, checked. */
export interface PointFacts {
  readonly table: `otel_metrics_${string}`
  readonly origin: Origin
  readonly metric: Pick<Metric, 'name' | 'description' | 'unit'>
  readonly attributes: Attributes
  /** 0 when not given. */
  readonly startUnixNs: bigint
  readonly unixNs: bigint
  readonly flags: number
  /** A number, or the mean of a distribution; undefined when none was recorded. */
  readonly value: number | undefined
  /** Of distributions only. */
  readonly total?: { readonly count: number; readonly sum: number }
  /** The columns that only its table has. */
  readonly columns: Columns
}

export interface MetricOptions extends ResourceOptions {
  /** Stands in where a point has no time. */
  readonly receivedUnixMs: number
}

const NO_RECORDED_VALUE = 1

/**
 * All data points of a request, in the order of its bytes.
 * @throws BadTelemetry for an id of wrong length
 */
export function readPoints(request: MetricsRequest, options: MetricOptions): PointFacts[] {
  return request.resourceMetrics.flatMap(({ resource, scopeMetrics, schemaUrl }) => {
    const facts = readResource(resource, options)
    return scopeMetrics.flatMap((scopeMetric) => {
      const origin = readOrigin({
        resource: facts,
        resourceSchemaUrl: schemaUrl,
        scope: scopeMetric.scope,
        scopeSchemaUrl: scopeMetric.schemaUrl,
      })
      return scopeMetric.metrics.flatMap((metric) =>
        pointsOf(metric).map(({ point, ...kind }) => ({
          ...kind,
          ...readPoint(point, options.receivedUnixMs),
          value: (point.flags & NO_RECORDED_VALUE) !== 0 ? undefined : kind.value,
          origin,
          metric: { name: metric.name, description: metric.description, unit: metric.unit },
        })),
      )
    })
  })
}

/** A row of the metric's own table, as the Collector's ClickHouse exporter writes it. */
export function toPointRow(point: PointFacts): Row {
  const { origin, metric } = point
  return {
    ResourceAttributes: origin.resource.attributes.text,
    ResourceSchemaUrl: origin.resourceSchemaUrl,
    ScopeName: origin.scopeName,
    ScopeVersion: origin.scopeVersion,
    ScopeAttributes: origin.scopeAttributes.text,
    ScopeDroppedAttrCount: origin.scopeDroppedCount,
    ScopeSchemaUrl: origin.scopeSchemaUrl,
    ServiceName: origin.resource.serviceName,
    MetricName: metric.name,
    MetricDescription: metric.description,
    MetricUnit: metric.unit,
    Attributes: point.attributes.text,
    StartTimeUnix: formatUnixSeconds(point.startUnixNs),
    TimeUnix: formatUnixSeconds(point.unixNs),
    Flags: point.flags,
    ...point.columns,
  }
}

function readPoint(point: Point, receivedUnixMs: number) {
  return {
    attributes: readAttributes(point.attributes),
    startUnixNs: toUnixNs(point.startTimeUnixNano),
    unixNs: toUnixNs(point.timeUnixNano) || BigInt(Math.floor(receivedUnixMs)) * 1_000_000n,
    flags: point.flags,
  }
}

interface KindOfPoint extends Pick<PointFacts, 'table' | 'value' | 'total' | 'columns'> {
  readonly point: Point
}

function pointsOf(metric: Metric): KindOfPoint[] {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric
  switch (metric.data) {
    case 'gauge':
      return (gauge?.dataPoints ?? []).map((point) => numberPoint(point, 'otel_metrics_gauge', {}))
    case 'sum':
      return (sum?.dataPoints ?? []).map((point) =>
        numberPoint(point, 'otel_metrics_sum', {
          AggregationTemporality: sum?.aggregationTemporality,
          IsMonotonic: sum?.isMonotonic,
        }),
      )
    case 'histogram':
      return (histogram?.dataPoints ?? []).map((point) => ({
        ...distribution(point, 'otel_metrics_histogram'),
        columns: histogramColumns(point, histogram?.aggregationTemporality ?? 0),
      }))
    case 'exponentialHistogram':
      return (exponentialHistogram?.dataPoints ?? []).map((point) => ({
        ...distribution(point, 'otel_metrics_exponential_histogram'),
        columns: exponentialColumns(point, exponentialHistogram?.aggregationTemporality ?? 0),
      }))
    case 'summary':
      return (summary?.dataPoints ?? []).map((point) => ({
        ...distribution(point, 'otel_metrics_summary'),
        columns: summaryColumns(point),
      }))
    default:
      return []
  }
}

function numberPoint(
  point: NumberPoint,
  table: PointFacts['table'],
  columns: Columns,
): KindOfPoint {
  const value = toNumber(point)
  return {
    point,
    table,
    value: point.value === undefined ? undefined : value,
    columns: { Value: toFloat(value), ...columns, ...exemplarColumns(point.exemplars) },
  }
}

function distribution<P extends Point & { readonly count: Int64; readonly sum: number }>(
  point: P,
  table: PointFacts['table'],
) {
  const count = Number(toBigInt(point.count))
  const value = count > 0 ? point.sum / count : undefined
  return { point, table, value, total: { count, sum: point.sum } }
}
