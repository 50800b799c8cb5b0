import type { BucketSpans, NativeHistogram } from './remote-write-message.ts'
import { createWireWriter, type WireWriter } from './wire-writer.ts'

// Prometheus' native histograms as OTLP has them (OpenTelemetry specification, "Prometheus and
// OpenMetrics compatibility", native histograms): standard schemas become exponential histograms
// whose offset is one less, since Prometheus counts buckets by their upper bound; schema -53 becomes
// a histogram with bounds of its own. Float and gauge flavours must be dropped, says that page.

export type HistogramKind = 'exponential' | 'explicit'

export interface DataPoint {
  readonly histogram: NativeHistogram
  readonly unixNs: bigint
  /** Encoded `KeyValue` fields, without their field number. */
  readonly attributes: readonly Uint8Array[]
}

const CUSTOM_BOUNDS = -53
/** Buckets from the first to the last of a histogram, empty ones between them too. */
const DENSE_MAX = 4_096
const NO_RECORDED_VALUE = 1

/** Which metric of OTLP can hold it, or why none can. */
export function histogramKindOf({
  schema,
  isFloat,
  isGauge,
}: NativeHistogram): HistogramKind | { readonly reason: string } {
  if (isFloat) return { reason: 'a native histogram of float counts' }
  if (isGauge) return { reason: 'a native histogram that is a gauge' }
  if (schema === CUSTOM_BOUNDS) return 'explicit'
  if (schema >= -4 && schema <= 8) return 'exponential'
  return { reason: `a native histogram of schema ${schema}` }
}

/** Writes an `ExponentialHistogramDataPoint`; false when its buckets are none. */
export function writeExponentialPoint(to: WireWriter, point: DataPoint): boolean {
  const { histogram, unixNs, attributes } = point
  const [positive, negative] = [toDense(histogram.positive), toDense(histogram.negative)]
  if (!positive || !negative || !hasWholeCounts(histogram)) return false
  for (const attribute of attributes) to.bytes(1, attribute)
  to.fixed64(3, unixNs)
  if (histogram.isStale) {
    to.varint(10, NO_RECORDED_VALUE)
    return true
  }
  to.fixed64(4, BigInt(histogram.count))
  to.double(5, histogram.sum)
  to.sint32(6, histogram.schema)
  to.fixed64(7, BigInt(histogram.zeroCount))
  writeBuckets(to, { field: 8, dense: positive })
  writeBuckets(to, { field: 9, dense: negative })
  to.double(14, histogram.zeroThreshold)
  return true
}

/** Writes a `HistogramDataPoint`; false when its buckets are none, or do not fit its bounds. */
export function writeExplicitPoint(to: WireWriter, point: DataPoint): boolean {
  const { histogram, unixNs, attributes } = point
  const { customValues: bounds } = histogram
  const dense = toDense(histogram.positive)
  if (!dense || dense.offset < 0 || !hasWholeCounts(histogram)) return false
  const counts = new Array<number>(bounds.length + 1).fill(0)
  for (const [index, count] of dense.counts.entries()) {
    if (dense.offset + index >= counts.length) return false
    counts[dense.offset + index] = count
  }
  for (const attribute of attributes) to.bytes(9, attribute)
  to.fixed64(3, unixNs)
  if (histogram.isStale) {
    to.varint(10, NO_RECORDED_VALUE)
    return true
  }
  to.fixed64(4, BigInt(histogram.count))
  to.double(5, histogram.sum)
  to.packedFixed64(6, counts)
  to.packedDoubles(7, bounds)
  return true
}

function hasWholeCounts({ count, zeroCount }: NativeHistogram): boolean {
  return Number.isSafeInteger(count) && Number.isSafeInteger(zeroCount)
}

interface Dense {
  /** Index of the first bucket. */
  readonly offset: number
  readonly counts: readonly number[]
}

/** Undefined when spans and counts do not fit each other, a count is negative, or they span too much. */
function toDense({ spans, deltas }: BucketSpans): Dense | undefined {
  const counts: number[] = []
  let count = 0
  let next = 0
  for (const [index, { offset, length }] of spans.entries()) {
    const gap = index === 0 ? 0 : offset
    if (gap < 0 || counts.length + gap + length > DENSE_MAX) return undefined
    for (let empty = 0; empty < gap; empty++) counts.push(0)
    for (let one = 0; one < length; one++) {
      const delta = deltas[next++]
      if (delta === undefined) return undefined
      count += delta
      if (count < 0 || !Number.isSafeInteger(count)) return undefined
      counts.push(count)
    }
  }
  const offset = spans[0]?.offset ?? 0
  return next === deltas.length && Math.abs(offset) < 2 ** 30 ? { offset, counts } : undefined
}

function writeBuckets(
  to: WireWriter,
  { field, dense }: { readonly field: number; readonly dense: Dense },
): void {
  if (dense.counts.length === 0) return
  const buckets = createWireWriter()
  buckets.sint32(1, dense.offset - 1)
  buckets.packedVarints(2, dense.counts)
  to.bytes(field, buckets.written)
}
