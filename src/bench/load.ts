import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PayloadSender } from './sample-spans.ts'
import type { PayloadEncoding } from './span-places.ts'

/** What the load process is to do. */
export interface LoadOrder {
  /** Of OTLP over HTTP, on this machine. */
  readonly port: number
  readonly connections: number
  readonly durationMs: number
  readonly spansPerRequest: number
  readonly encoding: PayloadEncoding
  readonly isGzip: boolean
  /** Default `plain`. */
  readonly sender?: PayloadSender
  /** Offered, as far as the connections allow; without it, as fast as answered. */
  readonly spansPerS?: number
}

/** What it did, when the time is over and every answer has come. */
export interface LoadReport {
  readonly durationMs: number
  readonly acceptedSpanCount: number
  /** Requests that were answered, but not by 200. */
  readonly refusedCount: number
  /** Spans of requests without any answer: they may be stored or not. */
  readonly unansweredSpanCount: number
  /** Uncompressed. */
  readonly bytesPerSpan: number
  /** Of accepted requests, in the order of their answers. */
  readonly sentUnixMs: Float64Array
  readonly answerMs: Float64Array
  /** How late a request of a paced load went out at worst, because no connection was free. */
  readonly lateMsMax: number
  readonly cpuS: number
}

/** Beyond the time of the load: payloads are built before it, and last answers come after it. */
const PATIENCE_MS = 60_000

/** Sends load from a process of its own, whose work is not that of what is measured. */
export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const script = fileURLToPath(new URL('../../dist/bench/load-process.js', import.meta.url))
  const child = fork(script, [], { serialization: 'advanced' })
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(order.durationMs + PATIENCE_MS)])
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the load ended early with exit code ${code}`)
  })
  ended.catch(() => {})
  try {
    child.send(order)
    const [report] = await Promise.race([once(child, 'message', { signal }), ended])
    return report as LoadReport
  } finally {
    over.abort()
    child.kill()
  }
}
