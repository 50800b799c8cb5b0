import type { Admission } from './admission.ts'
import { readTime } from './column-writes.ts'
import { readSchemaUrl } from './log-reader.ts'
import { msToHalves } from './log-scan.ts'
import type { PairList } from './pairs.ts'
import { createPointScan, type PointKind, scanPoint } from './point-scan.ts'
import type { MetricHead, PointTable } from './point-table.ts'
import { createPointView, type PointView } from './point-view.ts'
import type { Privacy } from './privacy.ts'
import { readLast } from './read-last.ts'
import { type KnownResource, readText, type ScopeFacts, type ScopeReader } from './scope-facts.ts'
import type { Halves } from './times.ts'
import { BYTES, createWire, VARINT, type Wire } from './wire.ts'

// An export request of metrics, in one pass; each point that says anything becomes an object too,
// since rules may look at any metric.

export interface MetricReaderOptions {
  readonly scopes: ScopeReader
  readonly tables: Readonly<Record<PointKind, PointTable>>
  readonly pairs: PairList
  readonly privacy: Privacy
}

export interface MetricContext {
  readonly admission: Admission
  /** Stands in where a point has no time. */
  readonly receivedUnixMs: number
}

export interface ReadMetrics {
  readonly itemCount: number
  readonly points: readonly PointView[]
}

export interface MetricReader {
  /** @throws BadTelemetry */
  read(bytes: Buffer, context: MetricContext): ReadMetrics
}

export function createMetricReader(options: MetricReaderOptions): MetricReader {
  return new Reader(options)
}

interface Sender {
  readonly resource: KnownResource
  readonly resourceSchemaUrl: string
}

class Reader implements MetricReader {
  readonly #options: MetricReaderOptions
  readonly #wire = createWire()
  readonly #scan = createPointScan()
  readonly #start: Halves = { low: 0, high: 0 }
  readonly #at: Halves = { low: 0, high: 0 }
  #points: PointView[] = []
  #itemCount = 0

  constructor(options: MetricReaderOptions) {
    this.#options = options
  }

  read(bytes: Buffer, context: MetricContext): ReadMetrics {
    const wire = this.#wire
    wire.open(bytes)
    this.#points = []
    this.#itemCount = 0
    for (const end = bytes.length; wire.at < end; ) {
      const tag = wire.varint(end)
      if (tag === 1 * 8 + BYTES) this.#readResource(wire.lengthEnd(end), context)
      else wire.skip(tag, end)
    }
    return { itemCount: this.#itemCount, points: this.#points }
  }

  #readResource(end: number, context: MetricContext): void {
    const wire = this.#wire
    const { scopes } = this.#options
    const resource = readLast(wire, { end, number: 1 }, (to) => scopes.resource(wire, to))
    const sender = { resource, resourceSchemaUrl: readSchemaUrl(wire, end) }
    while (wire.at < end) {
      const tag = wire.varint(end)
      if (tag === 2 * 8 + BYTES) this.#readScope(wire.lengthEnd(end), sender, context)
      else wire.skip(tag, end)
    }
  }

  #readScope(end: number, sender: Sender, context: MetricContext): void {
    const wire = this.#wire
    const { scopes } = this.#options
    const inner = readLast(wire, { end, number: 1 }, (to) => scopes.scope(wire, to))
    const scope: ScopeFacts = { ...sender, ...inner, schemaUrl: readSchemaUrl(wire, end) }
    while (wire.at < end) {
      const tag = wire.varint(end)
      if (tag === 2 * 8 + BYTES) this.#readMetric(wire.lengthEnd(end), scope, context)
      else wire.skip(tag, end)
    }
  }

  #readMetric(end: number, scope: ScopeFacts, context: MetricContext): void {
    const wire = this.#wire
    const found = readHead(wire, end)
    wire.at = end
    if (!found) return
    const data = readData(wire, found)
    const metric: MetricHead = { ...found.texts, ...data.kindOf, kind: found.kind, scope }
    for (let i = 0; i < data.points.length; i += 2) {
      wire.at = data.points[i] as number
      this.#take(data.points[i + 1] as number, metric, context)
    }
    wire.at = end
  }

  #take(end: number, metric: MetricHead, { admission, receivedUnixMs }: MetricContext): void {
    const wire = this.#wire
    const scan = this.#scan
    const { pairs, tables, privacy } = this.#options
    scanPoint(wire, end, { kind: metric.kind, scan, pairs })
    readTime(this.#start, wire.view, scan.startAt)
    readTime(this.#at, wire.view, scan.timeAt)
    if (this.#at.low === 0 && this.#at.high === 0)
      Object.assign(this.#at, msToHalves(receivedUnixMs))
    if (!admission.admitsAt(this.#at, pairs)) return
    const point = { scan, pairs, start: this.#start, at: this.#at }
    const view = createPointView({ wire, point, metric, privacy })
    tables[metric.kind].push(wire, point, metric)
    this.#itemCount++
    if (view) this.#points.push(view)
  }
}

/** By number of the field. */
const KINDS: Readonly<Record<number, PointKind>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponentialHistogram',
  11: 'summary',
}

interface FoundMetric {
  readonly kind: PointKind
  /** Of its data message. */
  readonly from: number
  readonly to: number
  readonly texts: Pick<MetricHead, 'name' | 'description' | 'unit'>
}

/** The parts of a `Metric` message, wherever they stand; undefined when it has no data. */
function readHead(wire: Wire, end: number): FoundMetric | undefined {
  const texts = { name: '', description: '', unit: '' }
  let kind: PointKind | undefined
  let from = 0
  let to = 0
  while (wire.at < end) {
    const tag = wire.varint(end)
    const number = tag >> 3
    if ((tag & 7) !== BYTES) wire.skip(tag, end)
    else if (number === 1) texts.name = readText(wire, end)
    else if (number === 2) texts.description = readText(wire, end)
    else if (number === 3) texts.unit = readText(wire, end)
    else {
      const endOfField = wire.lengthEnd(end)
      const found = KINDS[number]
      if (found) {
        kind = found
        from = wire.at
        to = endOfField
      }
      wire.at = endOfField
    }
  }
  return kind && { kind, from, to, texts }
}

/** `{ data_points = 1, aggregation_temporality = 2, is_monotonic = 3 }`. */
function readData(wire: Wire, { from, to }: FoundMetric) {
  const points: number[] = []
  let temporality = 0
  let isMonotonic = false
  wire.at = from
  while (wire.at < to) {
    const tag = wire.varint(to)
    if (tag === 1 * 8 + BYTES) {
      const end = wire.lengthEnd(to)
      points.push(wire.at, end)
      wire.at = end
    } else if (tag === 2 * 8 + VARINT) temporality = wire.varint(to)
    else if (tag === 3 * 8 + VARINT) isMonotonic = wire.varint(to) !== 0
    else wire.skip(tag, to)
  }
  return { points, kindOf: { temporality, isMonotonic } }
}
