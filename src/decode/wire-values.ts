import type { Wire } from './wire.ts'

// Values on the wire that OTLP has not, and Prometheus has.

/** Prometheus writes this NaN, of all, where a series ends (model/value, StaleNaN). */
const STALE = { high: 0x7ff00000, low: 2 }

/** Exact within ±2^53. */
export function readInt64(wire: Wire, end: number): number {
  const value = wire.varint(end)
  return value >= 2 ** 63 ? value - 2 ** 64 : value
}

/** Zigzag, exact within ±2^53. */
export function readSint64(wire: Wire, end: number): number {
  const value = wire.varint(end)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

export function readDouble(wire: Wire, end: number): number {
  return wire.view.getFloat64(wire.take(8, end), true)
}

/** By its bits: a JavaScript number does not keep which NaN it is. */
export function isStaleMarker({ view }: Wire, at: number): boolean {
  return view.getUint32(at + 4, true) === STALE.high && view.getUint32(at, true) === STALE.low
}
