import { Agent, request } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { createDeadline } from '../lib/deadline.ts'
import type { EgressGuard, Origin } from './egress.ts'

/** One signed push, ready to be sent. */
export interface Parcel {
  readonly url: string
  readonly origin: Origin
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly deadlineMs: number
}

/** What came back. Failing is an expected answer, so it is a value. */
export type PostResult = {
  readonly sentUnixMs: number
  readonly durationMs: number
} & (
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly text: string
      readonly retryAfterMs?: number
    }
  /** Nothing whole came: a code such as `ECONNRESET`, `TIMEOUT`; never an address or a secret. */
  | { readonly kind: 'fault'; readonly error: string }
)

export type Post = (parcel: Parcel, signal: AbortSignal) => Promise<PostResult>

const RESPONSE_BYTES_MAX = 4_096
const KEEP_ALIVE_MS = 60_000

export interface Poster {
  readonly post: Post
  /** Closes every connection. */
  close(): Promise<void>
}

/**
 * Sends over warm connections to addresses that the guard permits. Redirects are not followed; of
 * the body at most 4 kB are read, within the parcel's deadline.
 */
export function createPoster(options: {
  readonly guard: EgressGuard
  readonly clock: Clock
}): Poster {
  const { guard, clock } = options
  const agentFor = (origin: Origin) =>
    new Agent({
      connect: guard.connector(origin),
      keepAliveTimeout: KEEP_ALIVE_MS,
      // An endpoint may keep a connection long, but not for ever.
      keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
    })
  const agents = { file: agentFor('file'), api: agentFor('api') }

  return {
    async post(parcel, signal) {
      const { url, headers, body, deadlineMs } = parcel
      const deadline = createDeadline({ clock, deadlineMs, signal })
      const sentUnixMs = clock.nowMs()
      const startMs = clock.monotonicMs()
      const stamp = () => ({ sentUnixMs, durationMs: clock.monotonicMs() - startMs })
      try {
        const answer = await request(url, {
          method: 'POST',
          dispatcher: agents[parcel.origin],
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          signal: deadline.signal,
        })
        const text = await readStart(answer.body)
        const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], clock.nowMs())
        return {
          ...stamp(),
          kind: 'answer',
          status: answer.statusCode,
          text,
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        }
      } catch (fault) {
        return { ...stamp(), kind: 'fault', error: errorCodeOf(fault) }
      } finally {
        deadline.clear()
      }
    },
    async close() {
      await Promise.all([agents.file.destroy(), agents.api.destroy()])
    },
  }
}

/** The first 4 kB; the rest is not waited for. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= RESPONSE_BYTES_MAX) break
  }
  return Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX).toString()
}

/** Seconds or a date; undefined for anything else. */
function parseRetryAfter(
  header: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = typeof header === 'string' ? header : header?.[0]
  if (text === undefined) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Codes only: messages of the network stack name hosts, and URLs may carry tokens. */
function errorCodeOf(fault: unknown): string {
  const { name, code, cause } = fault as { name?: string; code?: unknown; cause?: unknown }
  if (name === 'TimeoutError') return 'TIMEOUT'
  if (typeof code === 'string') return code
  return cause === undefined ? (name ?? 'UNKNOWN') : errorCodeOf(cause)
}
