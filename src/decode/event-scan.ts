import type { PairList } from './pairs.ts'
import { BYTES, FIXED64, type Wire } from './wire.ts'

/** Where things are in an event; one for many, one after the other. */
export interface EventScan {
  timeAt: number
  nameFrom: number
  nameTo: number
  readonly pairs: PairList
}

export function createEventScan(pairs: PairList): EventScan {
  return { timeAt: -1, nameFrom: 0, nameTo: 0, pairs }
}

/** Reads an `Event` message. */
export function scanEvent(wire: Wire, end: number, scan: EventScan): void {
  const { pairs } = scan
  scan.timeAt = -1
  scan.nameFrom = scan.nameTo = 0
  pairs.start()
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 3 * 8 + BYTES) pairs.read(wire, tag, end)
    else if (tag === 1 * 8 + FIXED64) scan.timeAt = wire.take(8, end)
    else if (tag === 2 * 8 + BYTES) {
      scan.nameTo = wire.lengthEnd(end)
      scan.nameFrom = wire.at
      wire.at = scan.nameTo
    } else wire.skip(tag, end)
  }
}

/** @param name ASCII */
export function isEventNamed(
  { bytes }: Wire,
  { nameFrom, nameTo }: EventScan,
  name: string,
): boolean {
  if (nameTo - nameFrom !== name.length) return false
  for (let i = 0; i < name.length; i++) if (bytes[nameFrom + i] !== name.charCodeAt(i)) return false
  return true
}
