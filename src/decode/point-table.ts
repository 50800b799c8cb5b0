import { createPlainColumn } from '../lib/native-column.ts'
import { createMapColumn } from '../lib/native-map.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn } from '../lib/native-words.ts'
import { pushHalves, pushWholeSeconds } from './column-writes.ts'
import type { ExemplarOptions } from './exemplars.ts'
import type { PairList } from './pairs.ts'
import type { PointKind, PointScan } from './point-scan.ts'
import { createPointValues, type MetricKind } from './point-values.ts'
import type { ScopeFacts } from './scope-facts.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'
import type { Halves } from './times.ts'
import type { Wire } from './wire.ts'

/** One metric of a request, without its points. */
export interface MetricHead extends MetricKind {
  readonly kind: PointKind
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly scope: ScopeFacts
}

export interface Point {
  readonly scan: PointScan
  readonly pairs: PairList
  readonly start: Halves
  readonly at: Halves
}

/** The table of one kind of metric, as the Collector's ClickHouse exporter writes it. */
export interface PointTable {
  readonly table: NativeTable
  push(wire: Wire, point: Point, metric: MetricHead): void
}

const TABLES: Readonly<Record<PointKind, string>> = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponentialHistogram: 'otel_metrics_exponential_histogram',
  summary: 'otel_metrics_summary',
}

export interface PointTableOptions extends ExemplarOptions {
  readonly seenAt: SeenAt
}

export function createPointTable(kind: PointKind, options: PointTableOptions): PointTable {
  const { interner, writer } = options
  const head = createHead(options)
  const values = createPointValues(kind, options)
  const attributes = createMapColumn('Attributes', interner)
  const start = createPlainColumn('StartTimeUnix', 'DateTime')
  const time = createPlainColumn('TimeUnix', 'DateTime')
  const flags = createPlainColumn('Flags', 'UInt32')
  // TimeUnix has whole seconds, as the exporter writes them; rules see the time as it was sent.
  const eventAt = createPlainColumn('EventAt', 'DateTime64(9)')
  const seenAt = createSeenAtColumn(options.seenAt)
  const own = [attributes, start, time, flags, eventAt, seenAt.column]
  const columns = [...head.columns, ...own, ...values.columns]
  const table = createNativeTable(TABLES[kind], columns)
  return {
    table,
    push(wire, point, metric) {
      head.push(metric)
      writer.write(attributes, point.pairs, { wire, isPrompt: false })
      pushWholeSeconds(start, point.start)
      pushWholeSeconds(time, point.at)
      pushHalves(eventAt, point.at)
      seenAt.push(1)
      flags.data.reserve(4)
      flags.data.view.setUint32(flags.data.length, point.scan.flags, true)
      flags.data.length += 4
      values.push(wire, point.scan, metric)
      table.rowCount++
    },
  }
}

/** What a point has from its resource, scope and metric. */
function createHead({ interner }: ExemplarOptions) {
  const text = (name: string) => createPlainColumn(name, 'String')
  const resource = createMapColumn('ResourceAttributes', interner)
  const resourceUrl = text('ResourceSchemaUrl')
  const scopeName = text('ScopeName')
  const scopeVersion = text('ScopeVersion')
  const scope = createMapColumn('ScopeAttributes', interner)
  const dropped = createPlainColumn('ScopeDroppedAttrCount', 'UInt32')
  const scopeUrl = text('ScopeSchemaUrl')
  const service = createWordColumn('ServiceName', interner)
  const name = createWordColumn('MetricName', interner)
  const description = text('MetricDescription')
  const unit = text('MetricUnit')
  return {
    columns: [
      ...[resource, resourceUrl, scopeName, scopeVersion, scope, dropped, scopeUrl, service],
      ...[name, description, unit],
    ],
    push(metric: MetricHead) {
      const origin = metric.scope
      resource.pushPrepared(origin.resource.map, 1)
      resourceUrl.data.text(origin.resourceSchemaUrl)
      scopeName.data.text(origin.name)
      scopeVersion.data.text(origin.version)
      scope.pushPrepared(origin.map, 1)
      dropped.data.reserve(4)
      dropped.data.view.setUint32(dropped.data.length, origin.droppedCount, true)
      dropped.data.length += 4
      scopeUrl.data.text(origin.schemaUrl)
      service.pushText(origin.resource.serviceName)
      name.pushText(metric.name)
      description.data.text(metric.description)
      unit.data.text(metric.unit)
    },
  }
}
