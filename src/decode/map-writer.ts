import type { GrowingBytes } from '../lib/growing-bytes.ts'
import type { MapColumn } from '../lib/native-map.ts'
import { endOf } from '../lib/native-offsets.ts'
import { indexShape, type ShapeFacts } from './attribute-shapes.ts'
import { toText } from './attribute-value.ts'
import { type PairSource, readInteger, readScalar, readValue } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import { CONTENT, cleanValue, hashValue, PROMPT_CONTENT, type Privacy } from './privacy.ts'
import { COMPLEX, EMPTY, INT, TEXT } from './value-kinds.ts'
import type { Wire } from './wire.ts'
import { createWrittenRow } from './written-row.ts'

// From the pairs of an item into a map column: keys as indexes of the dictionary, values as text by
// the rules of attribute-value.ts, copied from the request's bytes where they are text already, and
// from the row before where the pair is the same again.

export interface MapWriter {
  /** One row: the pairs in the order of their keys, without what is private. */
  write(column: MapColumn, pairs: PairList, from: MapSource): void
}

export interface MapSource {
  readonly wire: Wire
  /** Of an event that holds what people typed: its `content` is left out. */
  readonly isPrompt: boolean
}

export function createMapWriter(privacy: Privacy): MapWriter {
  const writeCarefully = (column: MapColumn, pairs: PairList, source: MapSource) => {
    const { wire } = source
    const facts = pairs.facts()
    let end = endOf(column.offsets)
    for (const [name, place] of toSorted(facts)) {
      if (source.isPrompt && name === CONTENT) {
        privacy.tally.add(PROMPT_CONTENT)
        continue
      }
      column.keys.indexes.push(column.keys.indexOfText(name))
      if (facts.withheld?.[place]?.action === 'hash') {
        column.values.text(toText(hashValue(readValue({ wire, pairs }, place), privacy)))
      } else writeValue(column.values, { wire, pairs, privacy }, place)
      end++
    }
    column.offsets.push(end)
    for (const withheld of facts.withheld ?? []) if (withheld) privacy.tally.add(withheld)
  }

  const last = createWrittenRow<ValueContext>(writeValue)
  let context: ValueContext | undefined
  const contextOf = (wire: Wire, pairs: PairList): ValueContext => {
    if (context?.wire !== wire || context.pairs !== pairs) context = { wire, pairs, privacy }
    return context
  }

  return {
    write(column, pairs, source) {
      const { wire } = source
      const facts = pairs.facts()
      if (facts.hidden.length > 0) checkHidden({ wire, pairs }, facts)
      if (facts.withheld !== undefined || source.isPrompt) {
        last.forget()
        writeCarefully(column, pairs, source)
        return
      }
      const count = facts.order.length
      const indexes = indexShape(facts, column.keys)
      const keys = column.keys.indexes
      keys.reserve(count)
      for (let i = 0; i < count; i++) keys.values[keys.length + i] = indexes[i] as number
      keys.length += count
      last.write(column, contextOf(wire, pairs), facts)
      column.offsets.push(endOf(column.offsets) + count)
    },
  }
}

/** @throws BadTelemetry when a value that is not written is damaged: the request is all the same */
function checkHidden(source: PairSource, { hidden }: ShapeFacts): void {
  for (const place of hidden) if (source.pairs.kinds[place] === COMPLEX) readValue(source, place)
}

interface ValueContext extends PairSource {
  readonly pairs: PairList
  readonly privacy: Privacy
}

function writeValue(out: GrowingBytes, context: ValueContext, place: number): void {
  const { wire, pairs } = context
  const from = pairs.froms[place] as number
  switch (pairs.kinds[place]) {
    case TEXT:
      out.utf8(wire, from, pairs.tos[place] as number)
      return
    case INT:
      writeInteger(out, context, place)
      return
    case EMPTY:
      out.byte(0)
      return
    case COMPLEX:
      out.text(toText(cleanValue(readValue(context, place), context.privacy)))
      return
    default:
      out.text(readScalar(context, place))
  }
}

/** Small ones byte by byte: they are status codes, sizes and counts. */
function writeInteger(out: GrowingBytes, source: PairSource, place: number): void {
  const { wire, pairs } = source
  const from = pairs.froms[place] as number
  const first = wire.bytes[from] as number
  const second = wire.bytes[from + 1] as number
  if (first >= 0x80 && second >= 0x80) {
    out.text(readInteger(source, place).toString())
    return
  }
  const value = first < 0x80 ? first : (first & 0x7f) | (second << 7)
  const digits = value < 10 ? 1 : value < 100 ? 2 : value < 1_000 ? 3 : value < 10_000 ? 4 : 5
  out.reserve(digits + 1)
  out.bytes[out.length] = digits
  for (let i = digits, rest = value; i > 0; i--, rest = (rest / 10) | 0)
    out.bytes[out.length + i] = 0x30 + (rest % 10)
  out.length += digits + 1
}

function toSorted(facts: ShapeFacts): [string, number][] {
  const names = new Map([...facts.places].map(([name, place]) => [place, name]))
  return [...facts.order].map((place) => [names.get(place) ?? '', place])
}
