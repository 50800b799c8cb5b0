import { toUnixNs } from '../decode/int64.ts'
import type { Row } from '../model/batch.ts'
import { readTexts } from './naive-attributes.ts'
import type { Metric, MetricsRequest, NumberPoint, Point } from './naive-metric-message.ts'
import {
  type Columns,
  exemplarColumns,
  exponentialColumns,
  histogramColumns,
  summaryColumns,
  toFloat,
  toNumber,
} from './naive-point-columns.ts'
import { type Origin, readOrigin } from './naive-scope.ts'
import { firstTime, formatUnixSeconds } from './naive-times.ts'

export interface PointRow {
  readonly table: `otel_metrics_${string}`
  readonly row: Row
}

/**
 * Rows of the five metrics tables, as the Collector's ClickHouse exporter writes them.
 * @param receivedUnixMs stands in where a point has no time
 * @throws BadTelemetry for an id of wrong length
 */
export function readPointRows(request: MetricsRequest, receivedUnixMs: number): PointRow[] {
  return request.resourceMetrics.flatMap(({ resource, scopeMetrics, schemaUrl }) =>
    scopeMetrics.flatMap(({ scope, metrics, schemaUrl: scopeSchemaUrl }) => {
      const origin = readOrigin({ resource, resourceSchemaUrl: schemaUrl, scope, scopeSchemaUrl })
      return metrics.flatMap((metric) => {
        const head = toHead(metric, origin)
        return pointsOf(metric).map(({ table, point, columns }) => ({
          table,
          row: { ...head, ...toPoint(point, receivedUnixMs), ...columns },
        }))
      })
    }),
  )
}

function toHead({ name, description, unit }: Metric, origin: Origin): Row {
  return {
    ResourceAttributes: origin.resource,
    ResourceSchemaUrl: origin.resourceSchemaUrl,
    ScopeName: origin.scopeName,
    ScopeVersion: origin.scopeVersion,
    ScopeAttributes: origin.scopeAttributes,
    ScopeDroppedAttrCount: origin.scopeDroppedCount,
    ScopeSchemaUrl: origin.scopeSchemaUrl,
    ServiceName: origin.serviceName,
    MetricName: name,
    MetricDescription: description,
    MetricUnit: unit,
  }
}

function toPoint(point: Point, receivedUnixMs: number): Row {
  return {
    Attributes: readTexts(point.attributes),
    StartTimeUnix: formatUnixSeconds(toUnixNs(point.startTimeUnixNano)),
    TimeUnix: formatUnixSeconds(firstTime([point.timeUnixNano], receivedUnixMs)),
    Flags: point.flags,
  }
}

interface KindOfPoint extends Pick<PointRow, 'table'> {
  readonly point: Point
  /** Those that only its table has. */
  readonly columns: Columns
}

function pointsOf(metric: Metric): KindOfPoint[] {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric
  switch (metric.data) {
    case 'gauge':
      return listOf(gauge, 'otel_metrics_gauge', numberColumns)
    case 'sum':
      return listOf(sum, 'otel_metrics_sum', (point) => ({
        ...numberColumns(point),
        AggregationTemporality: sum?.aggregationTemporality,
        IsMonotonic: sum?.isMonotonic,
      }))
    case 'histogram':
      return listOf(histogram, 'otel_metrics_histogram', (point) =>
        histogramColumns(point, histogram?.aggregationTemporality ?? 0),
      )
    case 'exponentialHistogram':
      return listOf(exponentialHistogram, 'otel_metrics_exponential_histogram', (point) =>
        exponentialColumns(point, exponentialHistogram?.aggregationTemporality ?? 0),
      )
    case 'summary':
      return listOf(summary, 'otel_metrics_summary', summaryColumns)
    default:
      return []
  }
}

function listOf<P extends Point>(
  data: { readonly dataPoints: readonly P[] } | null,
  table: PointRow['table'],
  toColumns: (point: P) => Columns,
): KindOfPoint[] {
  return (data?.dataPoints ?? []).map((point) => ({ table, point, columns: toColumns(point) }))
}

function numberColumns(point: NumberPoint): Columns {
  return { Value: toFloat(toNumber(point)), ...exemplarColumns(point.exemplars) }
}
