import type { PairList } from './pairs.ts'
import { BYTES, FIXED32, FIXED64, VARINT, type Wire } from './wire.ts'

// Where the parts of one data point are. Each kind of metric numbers its fields differently; what
// they mean is one list, so that one pass reads them all.

export type PointKind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'

/** Begin and end of values that stand one after the other, or of one message each. */
export type Ranges = number[]

export interface PointScan {
  startAt: number
  timeAt: number
  flags: number
  /** Of the double or the integer that was set last; −1 when neither was. */
  valueAt: number
  isInteger: boolean
  countAt: number
  sumAt: number
  minAt: number
  maxAt: number
  zeroCountAt: number
  scale: number
  readonly bucketCounts: Ranges
  readonly bounds: Ranges
  readonly exemplars: Ranges
  readonly quantiles: Ranges
  /** The message of each sign, in as many pieces as it was sent. */
  readonly positive: Ranges
  readonly negative: Ranges
}

type Field =
  | 'attributes'
  | 'startAt'
  | 'timeAt'
  | 'flags'
  | 'double'
  | 'integer'
  | 'countAt'
  | 'sumAt'
  | 'minAt'
  | 'maxAt'
  | 'zeroCountAt'
  | 'scale'
  | 'bucketCounts'
  | 'bounds'
  | 'exemplars'
  | 'quantiles'
  | 'positive'
  | 'negative'

const NUMBER = named({
  2: 'startAt',
  3: 'timeAt',
  4: 'double',
  5: 'exemplars',
  6: 'integer',
  7: 'attributes',
  8: 'flags',
})
const FIELDS: Readonly<Record<PointKind, readonly (Field | undefined)[]>> = {
  gauge: NUMBER,
  sum: NUMBER,
  histogram: named({
    ...{ 2: 'startAt', 3: 'timeAt', 4: 'countAt', 5: 'sumAt', 6: 'bucketCounts', 7: 'bounds' },
    ...{ 8: 'exemplars', 9: 'attributes', 10: 'flags', 11: 'minAt', 12: 'maxAt' },
  }),
  exponentialHistogram: named({
    ...{ 1: 'attributes', 2: 'startAt', 3: 'timeAt', 4: 'countAt', 5: 'sumAt', 6: 'scale' },
    ...{ 7: 'zeroCountAt', 8: 'positive', 9: 'negative', 10: 'flags', 11: 'exemplars' },
    ...{ 12: 'minAt', 13: 'maxAt' },
  }),
  summary: named({
    ...{ 2: 'startAt', 3: 'timeAt', 4: 'countAt', 5: 'sumAt', 6: 'quantiles', 7: 'attributes' },
    ...{ 8: 'flags' },
  }),
}

function named(fields: Readonly<Record<number, Field>>): readonly (Field | undefined)[] {
  return Array.from({ length: 16 }, (_, number) => fields[number])
}

export function createPointScan(): PointScan {
  return {
    startAt: -1,
    timeAt: -1,
    flags: 0,
    valueAt: -1,
    isInteger: false,
    countAt: -1,
    sumAt: -1,
    minAt: -1,
    maxAt: -1,
    zeroCountAt: -1,
    scale: 0,
    bucketCounts: [],
    bounds: [],
    exemplars: [],
    quantiles: [],
    positive: [],
    negative: [],
  }
}

function clear(scan: PointScan): void {
  scan.startAt = scan.timeAt = scan.valueAt = scan.countAt = scan.sumAt = -1
  scan.minAt = scan.maxAt = scan.zeroCountAt = -1
  scan.flags = scan.scale = 0
  scan.isInteger = false
  scan.positive.length = scan.negative.length = 0
  scan.bucketCounts.length = scan.bounds.length = 0
  scan.exemplars.length = scan.quantiles.length = 0
}

export interface PointInto {
  readonly kind: PointKind
  readonly scan: PointScan
  readonly pairs: PairList
}

/**
 * Reads a data point message from where the wire is, up to `end`.
 * @throws BadTelemetry
 */
export function scanPoint(wire: Wire, end: number, { kind, scan, pairs }: PointInto): void {
  clear(scan)
  pairs.start()
  const fields = FIELDS[kind]
  while (wire.at < end) {
    const tag = wire.tag(end)
    const field = tag < 128 ? fields[tag >> 3] : undefined
    const wireType = tag & 7
    if (field === 'attributes' && wireType === BYTES) pairs.read(wire, tag, end)
    else if (field === undefined || !readField(wire, end, { field, wireType, scan }))
      wire.skip(tag, end)
  }
}

interface FieldAt {
  readonly field: Field
  readonly wireType: number
  readonly scan: PointScan
}

/** False for a wire type that the field does not have. */
function readField(wire: Wire, end: number, at: FieldAt): boolean {
  switch (at.wireType) {
    case FIXED64:
      return readFixed(at, wire.take(8, end))
    case BYTES:
      return readBytes(wire, end, at)
    case VARINT:
      if (at.field === 'flags') at.scan.flags = wire.int32(end) >>> 0
      else if (at.field === 'scale') at.scan.scale = readZigzag(wire, end)
      else return false
      return true
    case FIXED32:
      return false
    default:
      return false
  }
}

/** What is eight bytes long; unknown ones have been stepped over. */
function readFixed({ field, scan }: FieldAt, from: number): boolean {
  switch (field) {
    case 'double':
    case 'integer':
      scan.valueAt = from
      scan.isInteger = field === 'integer'
      break
    case 'bucketCounts':
    case 'bounds':
      scan[field].push(from, from + 8)
      break
    case 'startAt':
    case 'timeAt':
    case 'countAt':
    case 'sumAt':
    case 'minAt':
    case 'maxAt':
    case 'zeroCountAt':
      scan[field] = from
  }
  return true
}

function readBytes(wire: Wire, end: number, { field, scan }: FieldAt): boolean {
  if (!isList(field)) return false
  const to = wire.lengthEnd(end)
  const from = wire.at
  wire.at = to
  const isNumbers = field === 'bucketCounts' || field === 'bounds'
  if (isNumbers && (to - from) % 8 !== 0) wire.fail('a list of numbers that is cut off')
  scan[field].push(from, to)
  return true
}

type List = 'bucketCounts' | 'bounds' | 'exemplars' | 'quantiles' | 'positive' | 'negative'

function isList(field: Field): field is List {
  switch (field) {
    case 'bucketCounts':
    case 'bounds':
    case 'exemplars':
    case 'quantiles':
    case 'positive':
    case 'negative':
      return true
    default:
      return false
  }
}

/** A `sint32`. */
export function readZigzag(wire: Wire, end: number): number {
  const value = wire.int32(end)
  return (value >>> 1) ^ -(value & 1)
}
