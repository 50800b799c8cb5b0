import type { Attempt } from '../model/attempt.ts'
import { createRecentMap } from './recent-map.ts'

/** What is remembered of an attempt until its request comes. */
export interface KnownAttempt
  extends Pick<Attempt, 'requestId' | 'spanId' | 'outcome' | 'target' | 'startUnixNs'> {
  /** The request span above it, '' when its batch did not have it. */
  readonly requestSpanId: string
}

interface RequestKey {
  readonly requestId: string
  readonly traceId: string
  readonly spanId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
}

/** Attempts by request id, so that a request can be judged by them when it ends. */
export interface AttemptMemory {
  /** Adds an attempt; the same span again changes nothing. */
  add(attempt: KnownAttempt, nowMs: number): void
  /** The attempts of a request, oldest first. */
  of(request: RequestKey, nowMs: number): KnownAttempt[]
}

/** Half a minute of 1,500 requests per second; a request ends in seconds. */
const REQUESTS_MAX = 50_000
/** More tries of one request than any router makes; further ones are not remembered. */
const ATTEMPTS_MAX = 100

export function createAttemptMemory(options: { readonly ageMaxMs: number }): AttemptMemory {
  const byRequest = createRecentMap<KnownAttempt[]>({ countMax: REQUESTS_MAX, ...options })
  return {
    add({ requestId, spanId, outcome, target, startUnixNs, requestSpanId }, nowMs) {
      if (requestId === '') return
      const known = byRequest.get(requestId, nowMs) ?? []
      if (known.length < ATTEMPTS_MAX && !known.some((other) => other.spanId === spanId))
        known.push({ requestId, spanId, outcome, target, startUnixNs, requestSpanId })
      byRequest.set(requestId, known, nowMs)
    },
    of(request, nowMs) {
      // A router may put the request id on the request's span only; then they share the trace.
      const ids = new Set([request.requestId, request.traceId])
      return [...ids]
        .flatMap((id) => byRequest.get(id, nowMs) ?? [])
        .filter((attempt) => isOf(attempt, request))
        .sort((a, b) => Number(a.startUnixNs - b.startUnixNs))
    },
  }
}

/** Several requests may share a trace: then the span above decides, or else the time. */
function isOf(attempt: KnownAttempt, request: RequestKey): boolean {
  if (attempt.requestSpanId !== '') return attempt.requestSpanId === request.spanId
  return attempt.startUnixNs >= request.startUnixNs && attempt.startUnixNs <= request.endUnixNs
}
