import { BadTelemetry } from './bad-telemetry.ts'
import {
  type DataPoint,
  type HistogramKind,
  histogramKindOf,
  writeExplicitPoint,
  writeExponentialPoint,
} from './native-histogram.ts'
import { familyOf, isCounter, learnFamily } from './remote-write-family.ts'
import {
  createAttributeEncoder,
  encodeAttribute,
  readSeriesLabels,
  type SeriesLabels,
} from './remote-write-labels.ts'
import type { RemoteWriteMemory } from './remote-write-memory.ts'
import { readWriteRequest, type Sample, type SeriesMessage } from './remote-write-message.ts'
import { createWireWriter, type WireWriter } from './wire-writer.ts'

// Prometheus remote write 1.0, rewritten as an OTLP export request, so that everything behind knows
// one protocol. Names stay what Prometheus calls them: rules, dashboards and people know
// `vllm:request_success_total`. So a classic histogram stays the series that it came as (`_bucket`,
// `_sum`, `_count`), and a summary likewise; putting them together would also need all its series in
// one request, which remote write does not promise.

export interface RemoteWriteLimits {
  /** Of the request that this becomes. Labels are said once for many samples there, and with each here. */
  readonly bytesMax: number
  /** Samples, histograms and series of one request. */
  readonly itemsMax: number
}

export const REMOTE_WRITE_LIMITS: RemoteWriteLimits = {
  bytesMax: 64 * 2 ** 20,
  itemsMax: 200_000,
}

export interface RemoteWriteOptions {
  readonly limits: RemoteWriteLimits
  /** What earlier requests said of metrics and targets. */
  readonly memory: RemoteWriteMemory
}

export interface MetricsBody {
  /** An OTLP `ExportMetricsServiceRequest`. */
  readonly body: Uint8Array
  /** Samples and histograms that OTLP cannot hold, or that nobody could store; '' without any. */
  readonly refusedCount: number
  readonly refusedReason: string
}

/**
 * @param body an inflated `prometheus.WriteRequest`
 * @throws BadTelemetry for anything else, and beyond the limits
 * @see OpenTelemetry specification, "Prometheus and OpenMetrics compatibility"
 */
export function toMetricsRequest(body: Uint8Array, options: RemoteWriteOptions): MetricsBody {
  const request = createRequest(options)
  readWriteRequest(
    body,
    { series: request.addSeries, metadata: options.memory.learnMetadata },
    options.limits.itemsMax,
  )
  return request.finish()
}

type PointKind = 'number' | HistogramKind

interface MetricDraft {
  readonly name: string
  readonly kind: PointKind
  /** Its data points, each as field 1: gauges and sums have them alike. */
  readonly points: WireWriter
}

/** What shares a resource and a scope. */
interface Group {
  readonly labels: SeriesLabels
  readonly metrics: Map<string, MetricDraft>
}

const NO_RECORDED_VALUE = 1
const CUMULATIVE = 2

/** Metrics as they grow, by resource and scope. */
function createDrafts({ bytesMax }: RemoteWriteLimits) {
  const groups = new Map<string, Group>()
  let byteCount = 0
  const metricOf = (labels: SeriesLabels, kind: PointKind): MetricDraft => {
    const group = groups.get(labels.groupKey) ?? { labels, metrics: new Map() }
    groups.set(labels.groupKey, group)
    const key = `${kind} ${labels.name}`
    const metric = group.metrics.get(key) ?? { name: labels.name, kind, points: createWireWriter() }
    group.metrics.set(key, metric)
    return metric
  }
  return {
    groups,
    add(labels: SeriesLabels, kind: PointKind, point: Uint8Array) {
      const { points } = metricOf(labels, kind)
      const before = points.byteCount
      points.bytes(1, point)
      byteCount += points.byteCount - before
      if (byteCount > bytesMax)
        throw new BadTelemetry(`becomes more than ${bytesMax} bytes of OTLP: send less at once`)
    },
  }
}

function createRequest({ limits, memory }: RemoteWriteOptions) {
  const drafts = createDrafts(limits)
  const encode = createAttributeEncoder()
  const point = createWireWriter()
  let itemCount = 0
  let refusedCount = 0
  let refusedReason = ''
  const refuse = (count: number, reason: string) => {
    if (count > 0 && refusedReason === '') refusedReason = reason
    refusedCount += count
  }
  const addPoints = ({ samples, histograms }: SeriesMessage, labels: SeriesLabels) => {
    const attributes = labels.attributes.map(encode)
    for (const sample of samples) {
      if (!hasTime(sample)) refuse(1, NO_TIME)
      else {
        writeNumberPoint(point, { sample, attributes })
        drafts.add(labels, 'number', point.written)
      }
    }
    for (const histogram of histograms) {
      const kind = histogramKindOf(histogram)
      const given = { histogram, attributes, unixNs: toUnixNs(histogram.unixMs) }
      if (typeof kind === 'object') refuse(1, `${labels.name}: ${kind.reason}`)
      else if (!hasTime(histogram)) refuse(1, NO_TIME)
      else if (writeHistogramPoint(point, kind, given)) drafts.add(labels, kind, point.written)
      else refuse(1, `${labels.name}: a native histogram whose buckets do not fit together`)
    }
  }
  return {
    addSeries(series: SeriesMessage): void {
      const count = series.samples.length + series.histograms.length
      itemCount += Math.max(1, count)
      if (itemCount > limits.itemsMax)
        throw new BadTelemetry(`more than ${limits.itemsMax} samples: send less at once`)
      const labels = readSeriesLabels(series.labels)
      if (typeof labels === 'string') refuse(count, labels)
      else if (labels.isTargetInfo) memory.learnTarget(labels.target, labels.attributes)
      else {
        learnFamily(memory, labels)
        addPoints(series, labels)
      }
    },
    finish: (): MetricsBody => ({
      body: writeRequest([...drafts.groups.values()], memory),
      refusedCount,
      refusedReason,
    }),
  }
}

const NO_TIME = 'a sample without a time'
/** A DateTime64(9) ends in 2262; so far ahead is refused further on. */
const UNIX_MS_MAX = 9_223_372_036_854

/** Out of order, old or ahead is no matter here: points carry their time. */
function hasTime({ unixMs }: { readonly unixMs: number }): boolean {
  return unixMs > 0
}

function toUnixNs(unixMs: number): bigint {
  return BigInt(Math.min(Math.max(0, unixMs), UNIX_MS_MAX)) * 1_000_000n
}

function writeNumberPoint(
  point: WireWriter,
  { sample, attributes }: { readonly sample: Sample; readonly attributes: readonly Uint8Array[] },
): void {
  point.clear()
  point.fixed64(3, toUnixNs(sample.unixMs))
  if (sample.isStale) point.varint(8, NO_RECORDED_VALUE)
  else point.double(4, sample.value)
  for (const attribute of attributes) point.bytes(7, attribute)
}

function writeHistogramPoint(point: WireWriter, kind: HistogramKind, given: DataPoint): boolean {
  point.clear()
  return kind === 'exponential'
    ? writeExponentialPoint(point, given)
    : writeExplicitPoint(point, given)
}

function writeRequest(groups: readonly Group[], memory: RemoteWriteMemory): Uint8Array {
  const request = createWireWriter()
  for (const { labels, metrics } of groups) {
    const resource = createWireWriter()
    for (const attribute of labels.resource(memory)) resource.bytes(1, encodeAttribute(attribute))
    const scoped = createWireWriter()
    scoped.bytes(1, labels.scope)
    for (const metric of metrics.values()) scoped.bytes(2, writeMetric(metric, memory))
    const resourceMetrics = createWireWriter()
    resourceMetrics.bytes(1, resource.written)
    resourceMetrics.bytes(2, scoped.written)
    request.bytes(1, resourceMetrics.written)
  }
  return request.written
}

function writeMetric({ name, kind, points }: MetricDraft, memory: RemoteWriteMemory): Uint8Array {
  const metric = createWireWriter()
  const known = familyOf(name, memory)
  metric.text(1, name)
  if (known?.family.help) metric.text(2, known.family.help)
  if (known?.family.unit) metric.text(3, known.family.unit)
  if (kind !== 'number' || isCounter(name, known)) points.varint(2, CUMULATIVE)
  if (kind === 'number' && isCounter(name, known)) points.varint(3, 1)
  const field =
    kind === 'exponential' ? 10 : kind === 'explicit' ? 9 : isCounter(name, known) ? 7 : 5
  metric.bytes(field, points.written)
  return metric.written
}
