import type { FieldValue } from '../model/observation.ts'
import type { ShapeFacts } from './attribute-shapes.ts'
import { toFieldValue, toText } from './attribute-value.ts'
import { readShort } from './counted.ts'
import type { PairList } from './pairs.ts'
import { cleanValue, hashValue, type Privacy } from './privacy.ts'
import { readAnyValue, readPair } from './read-any-value.ts'
import { BOOL, COMPLEX, DOUBLE, INT, TEXT } from './value-kinds.ts'
import { type AnyValue, EMPTY_VALUE } from './value-message.ts'
import type { Wire } from './wire.ts'

/** Pairs, and the bytes that they lie in. */
export interface PairSource {
  readonly wire: Wire
  readonly pairs: Pick<PairList, 'kinds' | 'froms' | 'tos'>
}

/** A value as rules compare it: numbers and booleans stay what they are, the rest is text. */
export function readField(source: PairSource, place: number): FieldValue {
  const { wire, pairs } = source
  const at = pairs.froms[place] as number
  switch (pairs.kinds[place]) {
    case TEXT:
      return wire.bytes.toString('utf8', at, pairs.tos[place])
    case BOOL:
      return isSet(wire.bytes, at)
    case INT:
      return readShort(wire.bytes, at) ?? Number(readInteger(source, place))
    case DOUBLE:
      return wire.bytes.readDoubleLE(at)
    case COMPLEX:
      return toFieldValue(readValue(source, place))
    default:
      return ''
  }
}

/** The value as an object; a plain one as its text. */
export function readValue(source: PairSource, place: number): AnyValue {
  const { wire, pairs } = source
  switch (pairs.kinds[place]) {
    case COMPLEX: {
      const from = pairs.froms[place] as number
      const to = pairs.tos[place] as number
      wire.at = from < 0 ? ~from : from
      return from < 0 ? (readPair(wire, to, 0).value ?? EMPTY_VALUE) : readAnyValue(wire, to)
    }
    case TEXT:
      return toTextValue(String(readField(source, place)))
    case INT:
      return toTextValue(readInteger(source, place).toString())
    case BOOL:
    case DOUBLE:
      return toTextValue(readScalar(source, place))
    default:
      return EMPTY_VALUE
  }
}

function toTextValue(stringValue: string): AnyValue {
  return { ...EMPTY_VALUE, value: 'stringValue', stringValue }
}

/** All 64 bits of an integer, signed. */
export function readInteger({ wire, pairs }: PairSource, place: number): bigint {
  let value = 0n
  let shift = 0n
  for (let at = pairs.froms[place] as number; ; at++, shift += 7n) {
    const byte = wire.bytes[at] as number
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return BigInt.asIntN(64, value)
  }
}

/** A boolean or a double as the exporter writes it: `-0` is one. */
export function readScalar({ wire, pairs }: PairSource, place: number): string {
  const from = pairs.froms[place] as number
  if (pairs.kinds[place] === BOOL) return String(isSet(wire.bytes, from))
  const value = wire.bytes.readDoubleLE(from)
  return Object.is(value, -0) ? '-0' : String(value)
}

/** A varint that is not 0, however long it is written. */
function isSet(bytes: Uint8Array, from: number): boolean {
  for (let at = from; ; at++) {
    const byte = bytes[at] as number
    if ((byte & 0x7f) !== 0) return true
    if (byte < 0x80) return false
  }
}

export interface WantedAttribute {
  readonly key: string
  readonly facts: ShapeFacts
  readonly privacy: Privacy
}

/** An attribute as rules may see it: without what is private. Undefined when it is absent. */
export function readOwn(
  source: PairSource,
  { key, facts, privacy }: WantedAttribute,
): FieldValue | undefined {
  const place = facts.places.get(key)
  if (place === undefined) return undefined
  if (facts.withheld?.[place]?.action === 'hash')
    return toText(hashValue(readValue(source, place), privacy))
  if (source.pairs.kinds[place] !== COMPLEX) return readField(source, place)
  return toText(cleanValue(readValue(source, place), privacy))
}

/** The same of a list as it stands. */
export function readAttributeOf(
  wire: Wire,
  { pairs, privacy }: { readonly pairs: PairList; readonly privacy: Privacy },
  key: string,
): FieldValue | undefined {
  if (pairs.count === 0) return undefined
  return readOwn({ wire, pairs }, { key, facts: pairs.facts(), privacy })
}
