import type { Halves } from './times.ts'

// Times as one number each, where halves will not do.

/** What would not fit a DateTime64(9) (year 2262) is cut to its end. */
const NS_MAX = 2n ** 63n - 1n

export function readNs(view: DataView, at: number): bigint {
  return boundNs(view.getBigUint64(at, true))
}

export function boundNs(ns: bigint): bigint {
  return ns > NS_MAX ? NS_MAX : ns
}

export function halvesToNs({ low, high }: Halves): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

export function nsToHalves(ns: bigint): Halves {
  const bounded = boundNs(ns)
  return { low: Number(bounded & 0xffffffffn), high: Number(bounded >> 32n) }
}
