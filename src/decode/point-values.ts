import type { GrowingBytes } from '../lib/growing-bytes.ts'
import { createArrayColumn, createPlainColumn, type NativeColumn } from '../lib/native-column.ts'
import { createNested } from '../lib/native-nested.ts'
import { endOf } from '../lib/native-offsets.ts'
import { createExemplars, type ExemplarOptions, numberAt } from './exemplars.ts'
import { pushDouble, pushInt32 } from './number-writes.ts'
import { type PointKind, type PointScan, type Ranges, readZigzag } from './point-scan.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// The columns that only the table of a kind of metric has.

export interface PointValues {
  readonly columns: readonly NativeColumn[]
  push(wire: Wire, scan: PointScan, metric: MetricKind): void
}

/** What a metric says of all its points. */
export interface MetricKind {
  readonly temporality: number
  readonly isMonotonic: boolean
}

export function createPointValues(kind: PointKind, options: ExemplarOptions): PointValues {
  switch (kind) {
    case 'gauge':
      return joined([createValue(), createExemplars(options)])
    case 'sum':
      return joined([createValue(), temporality(), monotonic(), createExemplars(options)])
    case 'histogram':
      return joined([
        ...[fixed('Count', 'UInt64', 'countAt'), fixed('Sum', 'Float64', 'sumAt')],
        ...[
          list('BucketCounts', 'UInt64', 'bucketCounts'),
          list('ExplicitBounds', 'Float64', 'bounds'),
        ],
        ...[createExemplars(options), fixed('Min', 'Float64', 'minAt')],
        ...[fixed('Max', 'Float64', 'maxAt'), temporality()],
      ])
    case 'exponentialHistogram':
      return joined([
        ...[fixed('Count', 'UInt64', 'countAt'), fixed('Sum', 'Float64', 'sumAt'), scale()],
        ...[fixed('ZeroCount', 'UInt64', 'zeroCountAt'), buckets('Positive'), buckets('Negative')],
        ...[createExemplars(options), fixed('Min', 'Float64', 'minAt')],
        ...[fixed('Max', 'Float64', 'maxAt'), temporality()],
      ])
    case 'summary':
      return joined([
        ...[fixed('Count', 'UInt64', 'countAt'), fixed('Sum', 'Float64', 'sumAt'), quantiles()],
      ])
  }
}

function joined(parts: readonly PointValues[]): PointValues {
  return {
    columns: parts.flatMap(({ columns }) => columns),
    push(wire, scan, metric) {
      for (const part of parts) part.push(wire, scan, metric)
    },
  }
}

type FixedPlace = 'countAt' | 'sumAt' | 'minAt' | 'maxAt' | 'zeroCountAt'

/** Eight bytes as they came; zeros when there are none. */
function fixed(name: string, type: string, place: FixedPlace): PointValues {
  const column = createPlainColumn(name, type)
  return {
    columns: [column],
    push: (wire, scan) => pushFixed(column.data, wire, scan[place]),
  }
}

function pushFixed(out: GrowingBytes, wire: Wire, at: number): void {
  if (at < 0) out.uint64(0)
  else out.copy(wire.bytes, at, at + 8)
}

function createValue(): PointValues {
  const column = createPlainColumn('Value', 'Float64')
  return {
    columns: [column],
    push: (wire, scan) => pushDouble(column.data, numberAt(wire, scan)),
  }
}

function temporality(): PointValues {
  const column = createPlainColumn('AggregationTemporality', 'Int32')
  return {
    columns: [column],
    push: (_wire, _scan, metric) => pushInt32(column.data, metric.temporality),
  }
}

function monotonic(): PointValues {
  const column = createPlainColumn('IsMonotonic', 'Bool')
  return {
    columns: [column],
    push: (_wire, _scan, metric) => column.data.byte(metric.isMonotonic ? 1 : 0),
  }
}

function scale(): PointValues {
  const column = createPlainColumn('Scale', 'Int32')
  return { columns: [column], push: (_wire, scan) => pushInt32(column.data, scan.scale) }
}

/** Numbers of eight bytes each, copied as they stand. */
function list(name: string, type: string, place: 'bucketCounts' | 'bounds'): PointValues {
  const column = createArrayColumn(createPlainColumn(name, type))
  return {
    columns: [column],
    push(wire, scan) {
      const ranges: Ranges = scan[place]
      let end = endOf(column.offsets)
      for (let i = 0; i < ranges.length; i += 2) {
        const [from = 0, to = 0] = [ranges[i], ranges[i + 1]]
        column.inner.data.copy(wire.bytes, from, to)
        end += (to - from) / 8
      }
      column.offsets.push(end)
    },
  }
}

/** One side of an exponential histogram: `{ offset: sint32, bucket_counts: repeated uint64 }`. */
function buckets(sign: 'Positive' | 'Negative'): PointValues {
  const offset = createPlainColumn(`${sign}Offset`, 'Int32')
  const counts = createArrayColumn(createPlainColumn(`${sign}BucketCounts`, 'UInt64'))
  const pushCount = (wire: Wire, end: number) => {
    const from = wire.at
    const value = wire.varint(end)
    if (value <= Number.MAX_SAFE_INTEGER) counts.inner.data.uint64(value)
    else pushLong(counts.inner.data, wire.bytes.subarray(from, wire.at))
  }
  return {
    columns: [offset, counts],
    push(wire, scan) {
      const pieces = sign === 'Positive' ? scan.positive : scan.negative
      let offsetValue = 0
      const before = counts.inner.data.length
      for (let i = 0; i < pieces.length; i += 2) {
        wire.at = pieces[i] as number
        const end = pieces[i + 1] as number
        while (wire.at < end) {
          const tag = wire.tag(end)
          if (tag === 1 * 8 + VARINT) offsetValue = readZigzag(wire, end)
          else if (tag === 2 * 8 + VARINT) pushCount(wire, end)
          else if (tag === 2 * 8 + BYTES) {
            for (const to = wire.lengthEnd(end); wire.at < to; ) pushCount(wire, to)
          } else wire.skip(tag, end)
        }
      }
      pushInt32(offset.data, offsetValue)
      counts.offsets.push(endOf(counts.offsets) + (counts.inner.data.length - before) / 8)
    },
  }
}

function pushLong(out: GrowingBytes, varint: Uint8Array): void {
  let value = 0n
  for (const byte of [...varint].reverse()) value = (value << 7n) | BigInt(byte & 0x7f)
  out.reserve(8)
  out.view.setBigUint64(out.length, BigInt.asUintN(64, value), true)
  out.length += 8
}

function quantiles(): PointValues {
  const quantile = createPlainColumn('ValueAtQuantiles.Quantile', 'Float64')
  const value = createPlainColumn('ValueAtQuantiles.Value', 'Float64')
  const nested = createNested([quantile, value])
  return {
    columns: nested.columns,
    push(wire, { quantiles: ranges }) {
      for (let i = 0; i < ranges.length; i += 2) {
        wire.at = ranges[i] as number
        const end = ranges[i + 1] as number
        let quantileAt = -1
        let valueAt = -1
        while (wire.at < end) {
          const tag = wire.tag(end)
          if (tag === 1 * 8 + FIXED64) quantileAt = wire.take(8, end)
          else if (tag === 2 * 8 + FIXED64) valueAt = wire.take(8, end)
          else wire.skip(tag, end)
        }
        pushFixed(quantile.data, wire, quantileAt)
        pushFixed(value.data, wire, valueAt)
      }
      nested.endRow(ranges.length / 2)
    },
  }
}
