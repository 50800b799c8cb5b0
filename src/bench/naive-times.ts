import { toUnixNs } from '../decode/int64.ts'
import type { Int64 } from '../decode/value-message.ts'

const NS_PER_S = 1_000_000_000n
/** The year 2106. */
const DATE_TIME_MAX = 4_294_967_295n

/**
 * Decimal seconds with nine digits, which ClickHouse reads exactly into a DateTime64(9). Seconds
 * are padded to ten digits: it takes shorter ones for parts of a date.
 */
export function formatUnixNs(unixNs: bigint): string {
  const seconds = (unixNs / NS_PER_S).toString().padStart(10, '0')
  return `${seconds}.${(unixNs % NS_PER_S).toString().padStart(9, '0')}`
}

/** Whole seconds for a DateTime column; later than 2106 is cut to its end. */
export function formatUnixSeconds(unixNs: bigint): string {
  const seconds = unixNs / NS_PER_S
  return (seconds > DATE_TIME_MAX ? DATE_TIME_MAX : seconds).toString().padStart(10, '0')
}

/** The first of the times that is given, else when the request came. */
export function firstTime(times: readonly Int64[], receivedUnixMs: number): bigint {
  const given = times.map(toUnixNs).find((unixNs) => unixNs !== 0n)
  return given ?? BigInt(Math.floor(receivedUnixMs)) * 1_000_000n
}
