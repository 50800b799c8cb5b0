import type { Scalar } from './ndjson-fields.ts'

/** Where senders write when it happened, in the order in which they are believed. */
export const TIME_NAMES = [
  ...['time', 'timestamp', '@timestamp', 'ts', 'date', '_time', 'eventtime', 'datetime'],
  // Python's logging, loguru, and journald, whose times are microseconds as text.
  ...['asctime', 'record.time.timestamp'],
  ...['_source_realtime_timestamp', '__realtime_timestamp'],
] as const

const WRITTEN =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9})\d*)? ?(?:Z|UTC|([+-]\d\d):?(\d\d)?)?$/i

/** 1973: smaller numbers are durations or uptimes, not times. */
const EPOCH_S_MIN = 1e8
/** 2286, in nanoseconds. */
const EPOCH_NS_MAX = 1e19

/**
 * Nanoseconds since 1970 of RFC 3339 and its usual deviations (a blank for the T, a comma for the
 * point, no zone: UTC), or of a number, also as text, whose size tells its unit: below 10^11
 * seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds. Seconds may have a
 * fraction, kept to the microsecond. Undefined for anything else.
 */
export function readTime(value: Scalar): bigint | undefined {
  if (typeof value === 'number') return fromEpoch(value)
  if (typeof value !== 'string') return undefined
  if (/^\d{17,19}$/.test(value)) return toDateTime64(BigInt(value))
  return /^\d{9,16}(?:\.\d+)?$/.test(value) ? fromEpoch(Number(value)) : fromWritten(value)
}

function fromEpoch(value: number): bigint | undefined {
  if (value < EPOCH_S_MIN || value >= EPOCH_NS_MAX) return undefined
  if (value < 1e11) return BigInt(Math.round(value * 1e6)) * 1_000n
  if (value < 1e14) return BigInt(Math.round(value * 1e3)) * 1_000n
  return toDateTime64(value < 1e17 ? BigInt(Math.round(value)) * 1_000n : BigInt(value.toFixed(0)))
}

function fromWritten(text: string): bigint | undefined {
  const match = WRITTEN.exec(text)
  if (!match) return undefined
  const [, day, minute, second = ':00', fraction = '', zoneHour = '+00', zoneMinute = '00'] = match
  // The platform's parser takes no leap seconds and checks the ranges of the rest.
  const clock = `${minute}${second === ':60' ? ':59' : second}`
  const ms = Date.parse(`${day}T${clock}${zoneHour}:${zoneMinute}`)
  if (Number.isNaN(ms) || !isCalendarDay(day ?? '')) return undefined
  const ns = BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
  return ns > 0n ? toDateTime64(ns) : undefined
}

/** The platform's parser takes a 30th of February for one of March. */
function isCalendarDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

/** Later than 2262 does not fit a DateTime64(9); the limit on times ahead refuses it anyway. */
function toDateTime64(ns: bigint): bigint {
  return ns > INT64_MAX ? INT64_MAX : ns
}

const INT64_MAX = 2n ** 63n - 1n
