import { ONCE_MS, type OtlpAnswer } from '../model/otlp.ts'

/** What became of a request. `observed`: storage refused it, but detection has seen it. */
export type Fate =
  | { readonly status: 'taken'; readonly answer: Taken }
  | { readonly status: 'observed' }

export type Taken = Extract<OtlpAnswer, { readonly status: 'ok' }>

/** The fate of requests by key, for ten minutes; beyond `countMax` the oldest are forgotten. */
export interface OnceMemory {
  get(onceKey: string, nowUnixMs: number): Fate | undefined
  /** @param atUnixMs when it came; restored ones come in the order of their time */
  set(onceKey: string, fate: Fate, atUnixMs: number): void
}

export interface OnceMemoryOptions {
  readonly countMax: number
  /** Some went before their time. */
  readonly forgotten: (event: { readonly requestCount: number }) => void
}

const GENERATIONS = 6
const GENERATION_MS = ONCE_MS / GENERATIONS
const TAKEN: Fate = { status: 'taken', answer: { status: 'ok', rejectedCount: 0, message: '' } }

// Generations that are dropped as a whole: deleting single entries from the old end of a Map makes
// it slow. Nearly every request is taken in full, and costs a key and a number, some 80 bytes.
interface Generation {
  readonly fates: Map<string, number | { readonly atUnixMs: number; readonly fate: Fate }>
  readonly sinceUnixMs: number
  untilUnixMs: number
}

export function createOnceMemory({ countMax, forgotten }: OnceMemoryOptions): OnceMemory {
  /** Newest first. */
  const generations: Generation[] = []
  const current = (nowUnixMs: number): Generation => {
    const newest = generations[0]
    if (
      newest &&
      newest.fates.size < countMax / GENERATIONS &&
      nowUnixMs - newest.sinceUnixMs < GENERATION_MS
    )
      return newest
    const next = { fates: new Map(), sinceUnixMs: nowUnixMs, untilUnixMs: nowUnixMs }
    generations.unshift(next)
    return next
  }
  const trim = (nowUnixMs: number) => {
    const count = () => generations.reduce((sum, { fates }) => sum + fates.size, 0)
    for (let oldest = generations.at(-1); oldest; oldest = generations.at(-1)) {
      const isOver = nowUnixMs - oldest.untilUnixMs >= ONCE_MS
      if (!isOver && count() <= countMax) return
      generations.pop()
      if (!isOver) forgotten({ requestCount: oldest.fates.size })
    }
  }
  return {
    get(onceKey, nowUnixMs) {
      for (const { fates } of generations) {
        const known = fates.get(onceKey)
        if (known === undefined) continue
        const atUnixMs = typeof known === 'number' ? known : known.atUnixMs
        if (nowUnixMs - atUnixMs >= ONCE_MS) return undefined
        return typeof known === 'number' ? TAKEN : known.fate
      }
      return undefined
    },
    set(onceKey, fate, atUnixMs) {
      const generation = current(atUnixMs)
      const isPlain = fate.status === 'taken' && isWhole(fate.answer)
      generation.fates.set(onceKey, isPlain ? atUnixMs : { atUnixMs, fate })
      generation.untilUnixMs = Math.max(generation.untilUnixMs, atUnixMs)
      trim(atUnixMs)
    },
  }
}

const isWhole = ({ rejectedCount, message, lines }: Taken) =>
  rejectedCount === 0 && message === '' && lines === undefined
