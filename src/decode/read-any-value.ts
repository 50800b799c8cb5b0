import { type AnyValue, EMPTY_VALUE, type KeyValue } from './value-message.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// Attribute values as objects: for those that are lists, maps or bytes, and for bodies of log
// records. Plain ones never come here.

/** Lists and maps within each other; deeper ones make the request bad. Each is two messages. */
const DEPTH_MAX = 45

interface ReadOptions {
  /** Lists and maps around it. */
  readonly depth?: number
  /** What an earlier piece of the same message said; its lists and maps are added to. */
  readonly known?: AnyValue
}

/**
 * The `AnyValue` message from where `wire` is, up to `end`. Of several values the last counts, but
 * lists after lists, and maps after maps, are one.
 * @throws BadTelemetry
 */
export function readAnyValue(wire: Wire, end: number, options: ReadOptions = {}): AnyValue {
  const { depth = 0, known } = options
  if (depth > DEPTH_MAX) wire.fail('values nested too deeply')
  let value = known ?? EMPTY_VALUE
  while (wire.at < end) {
    const tag = wire.tag(end)
    value = readOne(wire, { tag, end, depth, known: value }) ?? value
  }
  return value
}

interface Field {
  readonly tag: number
  readonly end: number
  readonly depth: number
  readonly known: AnyValue
}

function readOne(wire: Wire, { tag, end, depth, known }: Field): AnyValue | undefined {
  const { bytes } = wire
  switch (tag) {
    case 1 * 8 + BYTES: {
      const [from, to] = takeBytes(wire, end)
      return { ...EMPTY_VALUE, value: 'stringValue', stringValue: bytes.toString('utf8', from, to) }
    }
    case 2 * 8 + VARINT:
      return { ...EMPTY_VALUE, value: 'boolValue', boolValue: wire.varint(end) !== 0 }
    case 3 * 8 + VARINT:
      return { ...EMPTY_VALUE, value: 'intValue', intValue: readInt64(wire, end) }
    case 4 * 8 + FIXED64:
      return {
        ...EMPTY_VALUE,
        value: 'doubleValue',
        doubleValue: bytes.readDoubleLE(wire.take(8, end)),
      }
    case 5 * 8 + BYTES: {
      const values = (known.arrayValue?.values ?? []) as AnyValue[]
      const read = (to: number) => readAnyValue(wire, to, { depth: depth + 1 })
      readItems(wire, end, (to) => values.push(read(to)))
      return { ...EMPTY_VALUE, value: 'arrayValue', arrayValue: { values } }
    }
    case 6 * 8 + BYTES: {
      const values = (known.kvlistValue?.values ?? []) as KeyValue[]
      readItems(wire, end, (to) => values.push(readPair(wire, to, depth + 1)))
      return { ...EMPTY_VALUE, value: 'kvlistValue', kvlistValue: { values } }
    }
    case 7 * 8 + BYTES: {
      const [from, to] = takeBytes(wire, end)
      return { ...EMPTY_VALUE, value: 'bytesValue', bytesValue: bytes.subarray(from, to) }
    }
    default:
      wire.skip(tag, end)
      return undefined
  }
}

/** A `KeyValue` message. */
export function readPair(wire: Wire, end: number, depth: number): KeyValue {
  let key = ''
  let value: AnyValue | null = null
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 1 * 8 + BYTES) key = wire.bytes.toString('utf8', ...takeBytes(wire, end))
    else if (tag === 2 * 8 + BYTES) {
      const known = value ?? EMPTY_VALUE
      value = readAnyValue(wire, wire.lengthEnd(end), { depth, known })
    } else wire.skip(tag, end)
  }
  return { key, value }
}

/** `repeated … values = 1` of a list or a map. */
function readItems(wire: Wire, end: number, read: (end: number) => void): void {
  const to = wire.lengthEnd(end)
  while (wire.at < to) {
    const tag = wire.tag(to)
    if (tag === 1 * 8 + BYTES) read(wire.lengthEnd(to))
    else wire.skip(tag, to)
  }
}

function takeBytes(wire: Wire, end: number): [number, number] {
  const to = wire.lengthEnd(end)
  const from = wire.at
  wire.at = to
  return [from, to]
}

/** All 64 bits of a varint, signed. */
function readInt64(wire: Wire, end: number): AnyValue['intValue'] {
  const from = wire.at
  wire.varint(end)
  let value = 0n
  for (let at = wire.at - 1; at >= from; at--)
    value = (value << 7n) | BigInt((wire.bytes[at] as number) & 0x7f)
  const bits = BigInt.asUintN(64, value)
  return {
    low: Number(BigInt.asIntN(32, bits)),
    high: Number(BigInt.asIntN(32, bits >> 32n)),
    unsigned: false,
  }
}
