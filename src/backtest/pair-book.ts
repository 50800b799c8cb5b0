import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'

/** Which pair an attempt without one was started under, as far as statuses and restarts tell. */
export interface PairBook {
  observed(router: string, pairs: Readonly<Record<string, Generation>>, atUnixMs: number): void
  decided(route: string, pair: Generation, atUnixMs: number): void
  /** What its router had observed when it started, else what was decided. */
  pairOf(attempt: Attempt): Generation | undefined
  pairAt(route: string): Generation | undefined
}

interface Held {
  readonly pair: Generation
  readonly sinceUnixMs: number
}

/** Of one router and route; as many as the controller remembers. */
const PAIRS_MAX = 32
const ROUTERS_MAX = 10_000

export function createPairBook(): PairBook {
  const byRouter = new Map<string, Held[]>()
  const byRoute = new Map<string, Held[]>()
  const add = (book: Map<string, Held[]>, key: string, held: Held) => {
    if (!book.has(key) && book.size >= ROUTERS_MAX) return
    const list = book.get(key) ?? []
    book.set(key, list)
    const last = list.at(-1)?.pair
    const isSame = last?.epoch === held.pair.epoch && last.generation === held.pair.generation
    if (!isSame) list.push(held)
    if (list.length > PAIRS_MAX) list.shift()
  }
  const at = (list: readonly Held[] | undefined, unixMs: number) =>
    list?.findLast(({ sinceUnixMs }) => sinceUnixMs <= unixMs)?.pair
  return {
    observed(router, pairs, sinceUnixMs) {
      for (const [route, pair] of Object.entries(pairs))
        add(byRouter, `${router}\0${route}`, { pair, sinceUnixMs })
    },
    decided: (route, pair, sinceUnixMs) => add(byRoute, route, { pair, sinceUnixMs }),
    pairAt: (route) => byRoute.get(route)?.at(-1)?.pair,
    pairOf({ router, route, startUnixNs }) {
      const startUnixMs = Number(startUnixNs / 1_000_000n)
      return (
        at(byRouter.get(`${router}\0${route}`), startUnixMs) ?? at(byRoute.get(route), startUnixMs)
      )
    },
  }
}
