import type { GrowingIntegers } from '../lib/growing-integers.ts'
import type { Interner } from '../lib/interner.ts'
import { createPlainColumn, type NativeColumn } from '../lib/native-column.ts'
import { createMapColumn } from '../lib/native-map.ts'
import { createNested } from '../lib/native-nested.ts'
import type { RareColumns } from '../lib/native-table.ts'
import { createWordColumn } from '../lib/native-words.ts'
import { pushHalves, readTime } from './column-writes.ts'
import type { EventHashes } from './event-hashes.ts'
import { createEventScan, type EventScan, scanEvent } from './event-scan.ts'
import { pushSpanId, pushTraceId } from './hex.ts'
import type { MapWriter } from './map-writer.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import { type SpanScan, scanId } from './span-scan.ts'
import type { Halves } from './times.ts'
import { BYTES, type Wire } from './wire.ts'

/** The events and links of spans: the nested columns of `otel_traces`. */
export interface SpanParts {
  readonly columns: readonly NativeColumn[]
  readonly rare: readonly RareColumns[]
  /** Those of one span; returns which of the watched keys its events carry. */
  push(wire: Wire, scan: SpanScan): number
}

export interface SpanPartsOptions {
  readonly interner: Interner
  readonly writer: MapWriter
  /** Of events, and of links. */
  readonly eventPairs: PairList
  readonly linkPairs: PairList
  /** Each is told of each event. */
  readonly eventHashes: readonly EventHashes[]
  readonly privacy: Privacy
}

export function createSpanParts(options: SpanPartsOptions): SpanParts {
  const events = createEvents(options)
  const links = createLinks(options)
  return {
    columns: [...events.columns, ...links.columns],
    rare: [events, links],
    push(wire, scan) {
      const watched = scan.events.length === 0 ? 0 : events.push(wire, scan.events)
      events.endRow(scan.events.length / 2)
      if (scan.links.length > 0) links.push(wire, scan.links)
      links.endRow(scan.links.length / 2)
      return watched
    },
  }
}

function createEvents(options: SpanPartsOptions) {
  const { interner, writer, eventPairs: pairs, eventHashes, privacy } = options
  const time = createPlainColumn('Events.Timestamp', 'DateTime64(9)')
  const name = createWordColumn('Events.Name', interner)
  const attributes = createMapColumn('Events.Attributes', interner)
  const nested = createNested([time, name, attributes])
  const at: Halves = { low: 0, high: 0 }
  const event = createEventScan(pairs)

  const pushOne = (wire: Wire, end: number) => {
    scanEvent(wire, end, event)
    const { bytes } = wire
    readTime(at, wire.view, event.timeAt)
    pushHalves(time, at)
    name.pushBytes(wire, event.nameFrom, event.nameTo)
    for (const hashes of eventHashes) hashes.note(wire, event)
    const isPrompt = mayBePrompt(bytes, event) && privacy.isPromptEvent(textOf(bytes, event))
    writer.write(attributes, pairs, { wire, isPrompt })
    return pairs.facts().watched
  }
  return {
    ...nested,
    push(wire: Wire, { values, length }: GrowingIntegers): number {
      let watched = 0
      for (const hashes of eventHashes) hashes.clear()
      for (let i = 0; i < length; i += 2) {
        wire.at = values[i] as number
        watched |= pushOne(wire, values[i + 1] as number)
      }
      return watched
    },
  }
}

/** All of them begin with `g`: most events need not be looked up. */
function mayBePrompt(bytes: Buffer, { nameFrom, nameTo }: EventScan): boolean {
  return nameTo > nameFrom && bytes[nameFrom] === 0x67
}

function textOf(bytes: Buffer, { nameFrom, nameTo }: EventScan): string {
  return bytes.toString('utf8', nameFrom, nameTo)
}

function createLinks({ interner, writer, linkPairs: pairs }: SpanPartsOptions) {
  const traceId = createPlainColumn('Links.TraceId', 'String')
  const spanId = createPlainColumn('Links.SpanId', 'String')
  const state = createPlainColumn('Links.TraceState', 'String')
  const attributes = createMapColumn('Links.Attributes', interner)
  const nested = createNested([traceId, spanId, state, attributes])

  const pushOne = (wire: Wire, end: number) => {
    const { bytes } = wire
    let traceAt = -1
    let spanAt = -1
    let stateFrom = 0
    let stateTo = 0
    pairs.start()
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag === 1 * 8 + BYTES) traceAt = scanId(wire, end, 16)
      else if (tag === 2 * 8 + BYTES) spanAt = scanId(wire, end, 8)
      else if (tag === 4 * 8 + BYTES) pairs.read(wire, tag, end)
      else if (tag === 3 * 8 + BYTES) {
        stateTo = wire.lengthEnd(end)
        stateFrom = wire.at
        wire.at = stateTo
      } else wire.skip(tag, end)
    }
    pushTraceId(traceId, bytes, traceAt)
    pushSpanId(spanId, bytes, spanAt)
    state.data.utf8(wire, stateFrom, stateTo)
    writer.write(attributes, pairs, { wire, isPrompt: false })
  }
  return {
    ...nested,
    push(wire: Wire, { values, length }: GrowingIntegers): void {
      for (let i = 0; i < length; i += 2) {
        wire.at = values[i] as number
        pushOne(wire, values[i + 1] as number)
      }
    },
  }
}
