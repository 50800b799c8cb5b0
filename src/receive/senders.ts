import ipaddr from 'ipaddr.js'
import type { Clock } from '../lib/clock.ts'

/** How fast one sender may be; 0 is no limit. */
export interface SenderLimits {
  readonly requestsPerS: number
  /** Of inflated bodies. */
  readonly bytesPerS: number
}

/** Keeps one sender from taking the room of all others. */
export interface Senders {
  /** Who it is: the name of its token, or without tokens its address. */
  nameOf(caller: { readonly actor: string; readonly address: string }): string
  /** 0: it may come in. Else seconds to wait, 1..3. */
  admit(sender: string): number
  /** What it brought, known only afterwards: so a body may exceed the rate, and the next one waits. */
  charge(sender: string, byteCount: number): void
}

/** A sender that was quiet may bring so many seconds' worth at once. */
const BURST_S = 2
/** Exporters give up after 10 s including their retries. */
const WAIT_S_MAX = 3
/** Beyond it, the one that was quiet longest is forgotten, and starts anew. */
const SENDERS_MAX = 10_000

interface Bucket {
  atMs: number
  /** May be negative: a debt. */
  requests: number
  bytes: number
}

export interface SendersOptions {
  readonly clock: Clock
  /** Absent: none. */
  readonly limits?: SenderLimits
  readonly hasTokens?: boolean
}

/** Token buckets, at most 10,000 of them. */
export function createSenders(options: SendersOptions): Senders {
  const { clock, hasTokens = false } = options
  const { requestsPerS, bytesPerS } = options.limits ?? { requestsPerS: 0, bytesPerS: 0 }
  const nameOf: Senders['nameOf'] = ({ actor, address }) => (hasTokens ? actor : networkOf(address))
  if (requestsPerS === 0 && bytesPerS === 0)
    return { nameOf: () => '', admit: () => 0, charge: () => {} }
  // Rates below one in two seconds still let one request through.
  const requestsMax = Math.max(1, requestsPerS * BURST_S)
  const bytesMax = bytesPerS * BURST_S
  /** Quiet for the longest time first. */
  const buckets = new Map<string, Bucket>()

  const filled = (sender: string): Bucket => {
    const nowMs = clock.monotonicMs()
    const known = buckets.get(sender)
    const bucket = known ?? { atMs: nowMs, requests: requestsMax, bytes: bytesMax }
    const elapsedS = (nowMs - bucket.atMs) / 1_000
    if (elapsedS > 0) {
      bucket.atMs = nowMs
      bucket.requests = Math.min(requestsMax, bucket.requests + elapsedS * requestsPerS)
      bucket.bytes = Math.min(bytesMax, bucket.bytes + elapsedS * bytesPerS)
    }
    buckets.delete(sender)
    buckets.set(sender, bucket)
    const [oldest] = buckets.keys()
    if (buckets.size > SENDERS_MAX && oldest !== undefined) buckets.delete(oldest)
    return bucket
  }

  return {
    nameOf,
    admit(sender) {
      const bucket = filled(sender)
      const requestS = requestsPerS === 0 ? 0 : (1 - bucket.requests) / requestsPerS
      const byteS = bytesPerS === 0 ? 0 : -bucket.bytes / bytesPerS
      const waitS = Math.ceil(Math.max(requestS, byteS))
      if (waitS > 0) return Math.min(WAIT_S_MAX, waitS)
      bucket.requests--
      return 0
    },
    charge(sender, byteCount) {
      filled(sender).bytes -= byteCount
    },
  }
}

/** One host has as many IPv6 addresses as it likes, but one network of 64 bits. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return parsed.toNormalizedString().split(':').slice(0, 4).join(':')
}
