import { createGrowingIntegers, type GrowingIntegers } from '../lib/growing-integers.ts'
import type { PairList } from './pairs.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// One pass over a span's bytes that only notes where things are. Fields may stand in any order, and
// whether the span is stored at all depends on its times; so nothing is written before its end.

export interface SpanScan {
  /** Where ids begin; −1 when absent or all zeros. */
  traceIdAt: number
  spanIdAt: number
  parentIdAt: number
  /** Texts: from (inclusive) and to; equal when empty. */
  stateFrom: number
  stateTo: number
  nameFrom: number
  nameTo: number
  messageFrom: number
  messageTo: number
  kind: number
  statusCode: number
  /** Eight bytes each; −1 when absent. */
  startAt: number
  endAt: number
  /** Begin and end of each event and link, one after the other. */
  readonly events: GrowingIntegers
  readonly links: GrowingIntegers
  clear(): void
}

export function createSpanScan(): SpanScan {
  return new Scan()
}

class Scan implements SpanScan {
  traceIdAt = -1
  spanIdAt = -1
  parentIdAt = -1
  stateFrom = 0
  stateTo = 0
  nameFrom = 0
  nameTo = 0
  messageFrom = 0
  messageTo = 0
  kind = 0
  statusCode = 0
  startAt = -1
  endAt = -1
  readonly events = createGrowingIntegers()
  readonly links = createGrowingIntegers()

  clear(): void {
    this.traceIdAt = this.spanIdAt = this.parentIdAt = -1
    this.stateFrom = this.stateTo = this.nameFrom = this.nameTo = 0
    this.messageFrom = this.messageTo = this.kind = this.statusCode = 0
    this.startAt = this.endAt = -1
    this.events.length = this.links.length = 0
  }
}

export interface ScanInto {
  readonly scan: SpanScan
  readonly pairs: PairList
}

/**
 * Reads the `Span` message from where the wire is, up to `end`.
 * @throws BadTelemetry
 */
export function scanSpan(wire: Wire, end: number, { scan, pairs }: ScanInto): void {
  scan.clear()
  pairs.start()
  while (wire.at < end) {
    const tag = wire.tag(end)
    switch (tag) {
      case 9 * 8 + BYTES:
        pairs.read(wire, tag, end)
        break
      case 1 * 8 + BYTES:
        scan.traceIdAt = scanId(wire, end, 16)
        break
      case 2 * 8 + BYTES:
        scan.spanIdAt = scanId(wire, end, 8)
        break
      case 7 * 8 + FIXED64:
        scan.startAt = wire.take(8, end)
        break
      case 8 * 8 + FIXED64:
        scan.endAt = wire.take(8, end)
        break
      case 6 * 8 + VARINT:
        scan.kind = wire.int32(end)
        break
      default:
        scanRest(wire, tag, { scan, end })
    }
  }
}

function scanRest(wire: Wire, tag: number, given: { scan: SpanScan; end: number }): void {
  const { scan, end } = given
  switch (tag) {
    case 4 * 8 + BYTES:
      scan.parentIdAt = scanId(wire, end, 8)
      return
    case 5 * 8 + BYTES:
      scan.nameTo = wire.lengthEnd(end)
      scan.nameFrom = wire.at
      wire.at = scan.nameTo
      return
    case 3 * 8 + BYTES:
      scan.stateTo = wire.lengthEnd(end)
      scan.stateFrom = wire.at
      wire.at = scan.stateTo
      return
    case 11 * 8 + BYTES:
    case 13 * 8 + BYTES: {
      const to = wire.lengthEnd(end)
      const list = tag === 11 * 8 + BYTES ? scan.events : scan.links
      list.push(wire.at)
      list.push(to)
      wire.at = to
      return
    }
    case 15 * 8 + BYTES:
      scanStatus(wire, wire.lengthEnd(end), scan)
      return
    default:
      wire.skip(tag, end)
  }
}

function scanStatus(wire: Wire, end: number, scan: SpanScan): void {
  // Nothing is reset: of a status in two pieces, what the second does not say stays.
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 2 * 8 + BYTES) {
      scan.messageTo = wire.lengthEnd(end)
      scan.messageFrom = wire.at
      wire.at = scan.messageTo
    } else if (tag === 3 * 8 + VARINT) scan.statusCode = wire.int32(end)
    else wire.skip(tag, end)
  }
}

/**
 * Where an id begins; −1 for one that is empty or all zeros, which OTLP calls unset.
 * @throws BadTelemetry for any other length
 */
export function scanId(wire: Wire, end: number, byteCount: number): number {
  const to = wire.lengthEnd(end)
  const from = wire.at
  const length = to - from
  if (length !== byteCount && length !== 0)
    wire.fail(`a ${byteCount === 16 ? 'trace' : 'span'} id has ${byteCount} bytes, not ${length}`)
  wire.at = to
  for (let at = from; at < to; at++) if (wire.bytes[at] !== 0) return from
  return -1
}
