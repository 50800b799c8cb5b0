import { BadTelemetry } from './bad-telemetry.ts'
import type { Wire } from './wire.ts'
import { isStaleMarker, readDouble, readInt64, readSint64 } from './wire-values.ts'

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

/** Of one histogram: Prometheus' own are limited to 160. */
const BUCKETS_MAX = 4_096
const GAUGE_HINT = 3

// Cases are field number × 8 + wire type.

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

/** A `prometheus.Histogram`, up to `end`. */
export function readHistogram(wire: Wire, end: number): NativeHistogram {
  const draft: Draft = {
    ...{ unixMs: 0, isStale: false, isFloat: false, isGauge: false, count: 0, sum: 0, schema: 0 },
    ...{ zeroThreshold: 0, zeroCount: 0, customValues: [] },
    ...{ positive: { spans: [], deltas: [] }, negative: { spans: [], deltas: [] } },
  }
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (!readBuckets(wire, { tag, end, draft }) && !readHead(wire, { tag, end, draft }))
      wire.skip(tag, end)
  }
  return draft
}

interface HistogramField {
  readonly tag: number
  readonly end: number
  readonly draft: Draft
}

/** False for a field that is none of these. */
function readHead(wire: Wire, { tag, end, draft }: HistogramField): boolean {
  switch (tag) {
    case 8:
      draft.count = wire.varint(end)
      return true
    case 25:
      draft.sum = readDouble(wire, end)
      draft.isStale = isStaleMarker(wire, wire.at - 8)
      return true
    case 32:
      draft.schema = readSint64(wire, end)
      return true
    case 41:
      draft.zeroThreshold = readDouble(wire, end)
      return true
    case 48:
      draft.zeroCount = wire.varint(end)
      return true
    case 112:
      draft.isGauge = wire.varint(end) === GAUGE_HINT
      return true
    case 120:
      draft.unixMs = readInt64(wire, end)
      return true
    case 17: // count_float
    case 57: // zero_count_float
    case 81: // negative_counts
    case 82:
    case 105: // positive_counts
    case 106:
      draft.isFloat = true
  }
  return false
}

/** False for a field that is none of these. Lists come packed or not. */
function readBuckets(wire: Wire, { tag, end, draft }: HistogramField): boolean {
  const { positive, negative, customValues } = draft
  switch (tag) {
    case 66:
      add(negative.spans, readSpan(wire, wire.lengthEnd(end)))
      return true
    case 90:
      add(positive.spans, readSpan(wire, wire.lengthEnd(end)))
      return true
    case 72:
      add(negative.deltas, readSint64(wire, end))
      return true
    case 96:
      add(positive.deltas, readSint64(wire, end))
      return true
    case 129:
      add(customValues, readDouble(wire, end))
      return true
    case 74:
      addPacked(negative.deltas, readSint64, { wire, end: wire.lengthEnd(end) })
      return true
    case 98:
      addPacked(positive.deltas, readSint64, { wire, end: wire.lengthEnd(end) })
      return true
    case 130:
      addPacked(customValues, readDouble, { wire, end: wire.lengthEnd(end) })
      return true
  }
  return false
}

function readSpan(wire: Wire, end: number): { readonly offset: number; readonly length: number } {
  let offset = 0
  let length = 0
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === 8) offset = readSint64(wire, end)
    else if (tag === 16) length = wire.varint(end)
    else wire.skip(tag, end)
  }
  return { offset, length }
}

function addPacked(
  list: number[],
  read: (wire: Wire, end: number) => number,
  { wire, end }: { readonly wire: Wire; readonly end: number },
): void {
  while (wire.at < end) add(list, read(wire, end))
}

function add<T>(list: T[], value: T): void {
  list.push(value)
  if (list.length > BUCKETS_MAX)
    throw new BadTelemetry(`a histogram with more than ${BUCKETS_MAX} buckets`)
}
