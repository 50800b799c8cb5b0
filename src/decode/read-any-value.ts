import type { AnyValue, KeyValue } from './value-message.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// Attribute values as objects: for those that are lists, maps or bytes, and for bodies of log
// records. Plain ones never come here.

/** Lists and maps within each other; deeper ones make the request bad. Each is two messages. */
const DEPTH_MAX = 45

const EMPTY: AnyValue = {
  stringValue: '',
  boolValue: false,
  intValue: { low: 0, high: 0, unsigned: false },
  doubleValue: 0,
  arrayValue: null,
  kvlistValue: null,
  bytesValue: new Uint8Array(),
}

/**
 * The `AnyValue` message from where `wire` is, up to `end`. Of several values the last counts.
 * @throws BadTelemetry
 */
export function readAnyValue(wire: Wire, end: number, depth = 0): AnyValue {
  if (depth > DEPTH_MAX) wire.fail('values nested too deeply')
  let value = EMPTY
  while (wire.at < end) {
    const tag = wire.varint(end)
    value = readOne(wire, { tag, end, depth }) ?? value
  }
  return value
}

interface Field {
  readonly tag: number
  readonly end: number
  readonly depth: number
}

function readOne(wire: Wire, { tag, end, depth }: Field): AnyValue | undefined {
  const { bytes } = wire
  switch (tag) {
    case 1 * 8 + BYTES: {
      const [from, to] = takeBytes(wire, end)
      return { ...EMPTY, value: 'stringValue', stringValue: bytes.toString('utf8', from, to) }
    }
    case 2 * 8 + VARINT:
      return { ...EMPTY, value: 'boolValue', boolValue: wire.varint(end) !== 0 }
    case 3 * 8 + VARINT:
      return { ...EMPTY, value: 'intValue', intValue: readInt64(wire, end) }
    case 4 * 8 + FIXED64:
      return { ...EMPTY, value: 'doubleValue', doubleValue: bytes.readDoubleLE(wire.take(8, end)) }
    case 5 * 8 + BYTES: {
      const values = readItems(wire, end, (to) => readAnyValue(wire, to, depth + 1))
      return { ...EMPTY, value: 'arrayValue', arrayValue: { values } }
    }
    case 6 * 8 + BYTES: {
      const values = readItems(wire, end, (to) => readPair(wire, to, depth + 1))
      return { ...EMPTY, value: 'kvlistValue', kvlistValue: { values } }
    }
    case 7 * 8 + BYTES: {
      const [from, to] = takeBytes(wire, end)
      return { ...EMPTY, value: 'bytesValue', bytesValue: bytes.subarray(from, to) }
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
    const tag = wire.varint(end)
    if (tag === 1 * 8 + BYTES) key = wire.bytes.toString('utf8', ...takeBytes(wire, end))
    else if (tag === 2 * 8 + BYTES) value = readAnyValue(wire, wire.lengthEnd(end), depth)
    else wire.skip(tag, end)
  }
  return { key, value }
}

/** `repeated … values = 1` of a list or a map. */
function readItems<T>(wire: Wire, end: number, read: (end: number) => T): T[] {
  const to = wire.lengthEnd(end)
  const items: T[] = []
  while (wire.at < to) {
    const tag = wire.varint(to)
    if (tag === 1 * 8 + BYTES) items.push(read(wire.lengthEnd(to)))
    else wire.skip(tag, to)
  }
  return items
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
