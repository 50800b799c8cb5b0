import type { Generation } from '../model/generation.ts'
import type { PostResult } from './post.ts'

/** What an attempt's answer means for its delivery. */
export type Reading =
  /** 2xx with a pair: what the router says it applied, and its clock. */
  | { readonly kind: 'pair'; readonly observed: Generation; readonly clockUnixMs: number | null }
  /** 410: never again. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMs?: number }

export function readAnswer(result: PostResult): Reading {
  if (result.kind === 'fault') return { kind: 'failed', error: result.error }
  const { status, text, retryAfterMs } = result
  if (status === 410) return { kind: 'gone' }
  if (status >= 300 && status < 400) return { kind: 'failed', error: 'REDIRECT' }
  if (status < 200 || status >= 300) {
    const mayWait = (status === 429 || status === 503) && retryAfterMs !== undefined
    return { kind: 'failed', error: `HTTP_${status}`, ...(mayWait && { retryAfterMs }) }
  }
  const body = parseObject(text)
  const pair = parseObject(body?.observed)
  if (!isCount(pair?.epoch) || !isCount(pair?.generation)) {
    return { kind: 'failed', error: 'NO_OBSERVED_PAIR' }
  }
  const clockUnixMs = typeof body?.clock === 'string' ? Date.parse(body.clock) : Number.NaN
  return {
    kind: 'pair',
    observed: { epoch: pair.epoch, generation: pair.generation },
    clockUnixMs: Number.isFinite(clockUnixMs) ? clockUnixMs : null,
  }
}

/** Router's clock minus ours, if the answer was written half-way through the round trip. */
export function clockOffsetOf(result: PostResult, clockUnixMs: number | null): number | null {
  if (clockUnixMs === null) return null
  return clockUnixMs - (result.sentUnixMs + result.durationMs / 2)
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === 'string') {
    try {
      return parseObject(JSON.parse(value))
    } catch {
      return undefined
    }
  }
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
