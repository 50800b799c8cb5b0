import { createCipheriv } from 'node:crypto'
import type { OtlpAnswer, OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { createOnceMemory, type Fate } from './once-memory.ts'

// A sender whose answer got lost sends the same bytes again, and must not be counted twice, neither
// in storage nor in rules. So every request is known by a hash of its bytes. Taken ones are answered
// as before; the ones that storage refused are stored when they come again, and detection, which
// saw them, is left alone. The write-ahead log keeps the hashes over a restart (store/taken-files).

export interface OnceOptions {
  take(request: OtlpRequest): Promise<OtlpAnswer>
  /** What earlier runs took. */
  readonly taken: readonly TakenRequest[]
  readonly events: Pick<ReceiveEvents, 'repeated' | 'forgotten'>
  /** So many requests are remembered, the newest ones; ten minutes of 800 per second. */
  readonly countMax?: number
}

const COUNT_MAX = 500_000

export function createOnce(options: OnceOptions): (request: OtlpRequest) => Promise<OtlpAnswer> {
  const { events, countMax = COUNT_MAX } = options
  const memory = createOnceMemory({ countMax, forgotten: events.forgotten })
  const oldestFirst = [...options.taken].sort((a, b) => a.receivedUnixMs - b.receivedUnixMs)
  for (const one of oldestFirst.slice(-countMax))
    memory.set(one.onceKey, restoredFate(one), one.receivedUnixMs)
  /** Bounded by the receivers' own limits on open requests. */
  const open = new Map<string, Promise<OtlpAnswer>>()

  const take = async (request: OtlpRequest, onceKey: string, known: Fate | undefined) => {
    const isObserved = known?.status === 'observed'
    const answer = await options.take({ ...request, onceKey, isObserved })
    const fate = toFate(answer)
    if (fate) memory.set(onceKey, fate, request.receivedUnixMs)
    return answer
  }

  return async (request) => {
    // All empty requests are equal, and there is nothing in them to count.
    if (request.body.byteLength === 0) return await options.take(request)
    const onceKey = toOnceKey(request)
    const known = memory.get(onceKey, request.receivedUnixMs)
    const again = open.get(onceKey)
    if (known?.status === 'taken' || again !== undefined) events.repeated(request)
    if (known?.status === 'taken') return known.answer
    if (again !== undefined) return await again
    const answer = take(request, onceKey, known)
    open.set(onceKey, answer)
    try {
      return await answer
    } finally {
      open.delete(onceKey)
    }
  }
}

/**
 * The tag of AES-GCM over bytes that are only authenticated (GMAC, NIST SP 800-38D), because it is
 * the cheapest in reach: 0.14 ms per MB, a quarter of SHA-1. The key is no secret: who can make two
 * requests with one tag only keeps his own second one from us, and other bytes meet by chance once
 * in 2^120 times. The log keeps tags over a restart, so that the key stays as it is.
 */
function toOnceKey({ signal, encoding, body }: OtlpRequest): string {
  const sum = createCipheriv('aes-128-gcm', KEY, NONCE).setAAD(body)
  sum.final()
  const tag = sum.getAuthTag()
  // The same bytes are another request on another path.
  tag[LAST] = ((tag[LAST] ?? 0) & 0xf0) | SIGNALS[signal] | ENCODINGS[encoding]
  return tag.toString('latin1')
}

const KEY = Buffer.from('signalbox: once.')
const NONCE = Buffer.alloc(12)
const LAST = 15
const ENCODING_BITS = 12
const SIGNALS = { traces: 0, logs: 1, metrics: 2 } as const
const ENCODINGS = { protobuf: 0, json: 4, ndjson: 8, 'remote-write': 12 } as const

/** Undefined where nothing was kept and nothing was seen: it may simply come again. */
function toFate(answer: OtlpAnswer): Fate | undefined {
  if (answer.status === 'ok') return { status: 'taken', answer }
  return answer.status === 'retry' ? { status: 'observed' } : undefined
}

/** Which items were refused, and why, was in the first answer; their number is known. */
function restoredFate({ onceKey, itemCount, rejectedCount }: TakenRequest): Fate {
  const message = rejectedCount > 0 ? `${rejectedCount} refused when this request came first` : ''
  const isLines = (onceKey.charCodeAt(LAST) & ENCODING_BITS) === ENCODINGS.ndjson
  const lines = { acceptedCount: itemCount, refusedCount: rejectedCount, refused: [] }
  const answer = { status: 'ok', rejectedCount, message, ...(isLines && { lines }) } as const
  return { status: 'taken', answer }
}
