import { BadTelemetry } from './bad-telemetry.ts'
import { createWireReader, readDouble, type WireReader } from './wire-reader.ts'

// `prometheus.WriteRequest` of remote write 1.0, one series at a time: a request is never in memory
// as objects. Exemplars are skipped: Prometheus sends them apart from the samples that they belong
// to, so that there is no point to hang them on.

export interface SeriesMessage {
  /** In the order of the bytes; without empty values, which mean that there is no such label. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly samples: readonly Sample[]
  readonly histograms: readonly NativeHistogram[]
}

export interface Sample {
  readonly unixMs: number
  readonly value: number
  /** The series has ended: "no value", not a number. */
  readonly isStale: boolean
}

/** An integer histogram: bucket counts as differences to the bucket before. */
export interface NativeHistogram {
  readonly unixMs: number
  readonly isStale: boolean
  /** Counts are fractions, or go down as well as up: neither fits OTLP's. */
  readonly isFloat: boolean
  readonly isGauge: boolean
  readonly count: number
  readonly sum: number
  /** -4…8: 2^(2^-schema) from bound to bound; -53: bounds of its own. */
  readonly schema: number
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly positive: BucketSpans
  readonly negative: BucketSpans
  /** Upper bounds of schema -53. */
  readonly customValues: readonly number[]
}

export interface BucketSpans {
  /** Each starts `offset` after the end of the one before. */
  readonly spans: readonly { readonly offset: number; readonly length: number }[]
  readonly deltas: readonly number[]
}

export interface MetadataMessage {
  /** `MetricMetadata.MetricType`: 1 counter, 2 gauge, 3 histogram, 5 summary, … */
  readonly type: number
  readonly family: string
  readonly help: string
  readonly unit: string
}

export interface WriteRequestVisitor {
  series(series: SeriesMessage): void
  metadata(metadata: MetadataMessage): void
}

/** Prometheus writes this NaN, of all, where a series ends (model/value, StaleNaN). */
const STALE = { high: 0x7ff00000, low: 2 }
/** Of a series; Prometheus itself has a dozen. */
const LABELS_MAX = 256
/** Of one histogram: Prometheus' own are limited to 160. */
const BUCKETS_MAX = 4_096
const GAUGE_HINT = 3

/**
 * @param itemsMax samples and histograms that one series may have
 * @throws BadTelemetry for bytes that are no such message
 */
export function readWriteRequest(
  body: Uint8Array,
  visitor: WriteRequestVisitor,
  itemsMax: number,
): void {
  const reader = createWireReader(body, BUCKETS_MAX)
  while (reader.next()) {
    if (reader.tag === 10) visitor.series(readSeries(reader.message(), itemsMax))
    else if (reader.tag === 26) visitor.metadata(readMetadata(reader.message()))
  }
}

function readSeries(reader: WireReader, itemsMax: number): SeriesMessage {
  const labels: (readonly [string, string])[] = []
  const samples: Sample[] = []
  const histograms: NativeHistogram[] = []
  while (reader.next()) {
    if (reader.tag === 10) {
      const label = readLabel(reader.message())
      if (label[1] !== '') labels.push(label)
      if (labels.length > LABELS_MAX)
        throw new BadTelemetry(`a series with more than ${LABELS_MAX} labels`)
    } else if (reader.tag === 18) samples.push(readSample(reader.message()))
    else if (reader.tag === 34) histograms.push(readHistogram(reader.message()))
    if (samples.length + histograms.length > itemsMax)
      throw new BadTelemetry(`more than ${itemsMax} samples`)
  }
  return { labels, samples, histograms }
}

function readLabel(reader: WireReader): readonly [string, string] {
  let name = ''
  let value = ''
  while (reader.next()) {
    if (reader.tag === 10) name = reader.text()
    else if (reader.tag === 18) value = reader.text()
  }
  return [name, value]
}

function readSample(reader: WireReader): Sample {
  let unixMs = 0
  let value = 0
  let isStale = false
  while (reader.next()) {
    if (reader.tag === 9) {
      value = reader.double()
      isStale = isStaleMarker(reader)
    } else if (reader.tag === 16) unixMs = reader.int64()
  }
  return { unixMs, value, isStale }
}

function isStaleMarker({ bits }: WireReader): boolean {
  return bits.high === STALE.high && bits.low === STALE.low
}

interface Draft extends Mutable<NativeHistogram> {
  readonly positive: SpansDraft
  readonly negative: SpansDraft
  readonly customValues: number[]
}

interface SpansDraft extends BucketSpans {
  readonly spans: { readonly offset: number; readonly length: number }[]
  readonly deltas: number[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function readHistogram(reader: WireReader): NativeHistogram {
  const draft: Draft = {
    ...{ unixMs: 0, isStale: false, isFloat: false, isGauge: false, count: 0, sum: 0, schema: 0 },
    ...{ zeroThreshold: 0, zeroCount: 0, customValues: [] },
    ...{ positive: { spans: [], deltas: [] }, negative: { spans: [], deltas: [] } },
  }
  while (reader.next()) readHistogramField(reader, draft)
  return draft
}

/** Cases are field number × 8 + wire type, of `prometheus.Histogram`. */
function readHistogramField(reader: WireReader, draft: Draft): void {
  const { positive, negative } = draft
  switch (reader.tag) {
    case 8:
      draft.count = reader.varint()
      break
    case 17: // count_float
    case 57: // zero_count_float
    case 81: // negative_counts
    case 82:
    case 105: // positive_counts
    case 106:
      draft.isFloat = true
      break
    case 25:
      draft.sum = reader.double()
      draft.isStale = isStaleMarker(reader)
      break
    case 32:
      draft.schema = reader.sint64()
      break
    case 41:
      draft.zeroThreshold = reader.double()
      break
    case 48:
      draft.zeroCount = reader.varint()
      break
    case 66:
      add(negative.spans, [readSpan(reader.message())])
      break
    case 72:
    case 74:
      add(negative.deltas, reader.list(readSint64))
      break
    case 90:
      add(positive.spans, [readSpan(reader.message())])
      break
    case 96:
    case 98:
      add(positive.deltas, reader.list(readSint64))
      break
    case 112:
      draft.isGauge = reader.varint() === GAUGE_HINT
      break
    case 120:
      draft.unixMs = reader.int64()
      break
    case 129:
    case 130:
      add(draft.customValues, reader.list(readDouble))
      break
  }
}

function readSpan(reader: WireReader): { readonly offset: number; readonly length: number } {
  let offset = 0
  let length = 0
  while (reader.next()) {
    if (reader.tag === 8) offset = reader.sint64()
    else if (reader.tag === 16) length = reader.varint()
  }
  return { offset, length }
}

const readSint64 = (one: WireReader): number => one.sint64()

function add<T>(list: T[], values: readonly T[]): void {
  list.push(...values)
  if (list.length > BUCKETS_MAX)
    throw new BadTelemetry(`a histogram with more than ${BUCKETS_MAX} buckets`)
}

function readMetadata(reader: WireReader): MetadataMessage {
  let [type, family, help, unit] = [0, '', '', '']
  while (reader.next()) {
    if (reader.tag === 8) type = reader.varint()
    else if (reader.tag === 18) family = reader.text()
    else if (reader.tag === 34) help = reader.text()
    else if (reader.tag === 42) unit = reader.text()
  }
  return { type, family, help, unit }
}
