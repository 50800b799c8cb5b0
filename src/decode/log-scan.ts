import { nsToHalves } from './nanoseconds.ts'
import type { PairList } from './pairs.ts'
import { scanId } from './span-scan.ts'
import { type Halves, readHalves } from './times.ts'
import { BYTES, FIXED32, FIXED64, VARINT, type Wire } from './wire.ts'

/** Where the parts of one log record are. */
export interface LogScan {
  timeAt: number
  observedAt: number
  severityNumber: number
  severityFrom: number
  severityTo: number
  /** Begin and end of the body's `AnyValue` message, of each piece of it; empty without one. */
  readonly bodies: number[]
  flags: number
  traceIdAt: number
  spanIdAt: number
  eventFrom: number
  eventTo: number
  /** Its time, or when it was observed, or received. The same object at each call. */
  time(view: DataView, receivedUnixMs: number): Halves
  readonly at: Halves
  clear(): void
}

export function createLogScan(): LogScan {
  return new Scan()
}

class Scan implements LogScan {
  timeAt = -1
  observedAt = -1
  severityNumber = 0
  severityFrom = 0
  severityTo = 0
  readonly bodies: number[] = []
  flags = 0
  traceIdAt = -1
  spanIdAt = -1
  eventFrom = 0
  eventTo = 0
  readonly at: Halves = { low: 0, high: 0 }

  clear(): void {
    this.timeAt = this.observedAt = this.traceIdAt = this.spanIdAt = -1
    this.severityNumber = this.severityFrom = this.severityTo = this.flags = 0
    this.eventFrom = this.eventTo = 0
    if (this.bodies.length > 0) this.bodies.length = 0
  }

  time(view: DataView, receivedUnixMs: number): Halves {
    const { at } = this
    at.low = at.high = 0
    if (this.timeAt >= 0) readHalves(at, view, this.timeAt)
    if (at.low === 0 && at.high === 0 && this.observedAt >= 0) readHalves(at, view, this.observedAt)
    if (at.low === 0 && at.high === 0) Object.assign(at, msToHalves(receivedUnixMs))
    return at
  }
}

export function msToHalves(unixMs: number): Halves {
  return nsToHalves(BigInt(Math.floor(unixMs)) * 1_000_000n)
}

/**
 * Reads the `LogRecord` message from where the wire is, up to `end`.
 * @throws BadTelemetry
 */
export function scanLog(wire: Wire, end: number, into: { scan: LogScan; pairs: PairList }): void {
  const { scan, pairs } = into
  scan.clear()
  pairs.start()
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 6 * 8 + BYTES) pairs.read(wire, tag, end)
    else scanField(wire, tag, { scan, end })
  }
}

function scanField(wire: Wire, tag: number, { scan, end }: { scan: LogScan; end: number }): void {
  switch (tag) {
    case 1 * 8 + FIXED64:
      scan.timeAt = wire.take(8, end)
      return
    case 11 * 8 + FIXED64:
      scan.observedAt = wire.take(8, end)
      return
    case 2 * 8 + VARINT:
      scan.severityNumber = wire.int32(end)
      return
    case 3 * 8 + BYTES:
      scan.severityTo = wire.lengthEnd(end)
      scan.severityFrom = wire.at
      wire.at = scan.severityTo
      return
    case 5 * 8 + BYTES: {
      const to = wire.lengthEnd(end)
      scan.bodies.push(wire.at, to)
      wire.at = to
      return
    }
    case 8 * 8 + FIXED32:
      scan.flags = wire.view.getUint32(wire.take(4, end), true)
      return
    case 9 * 8 + BYTES:
      scan.traceIdAt = scanId(wire, end, 16)
      return
    case 10 * 8 + BYTES:
      scan.spanIdAt = scanId(wire, end, 8)
      return
    case 12 * 8 + BYTES:
      scan.eventTo = wire.lengthEnd(end)
      scan.eventFrom = wire.at
      wire.at = scan.eventTo
      return
    default:
      wire.skip(tag, end)
  }
}
