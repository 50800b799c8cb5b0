import type { Timings } from '../config/timings.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import type { RouteRouter } from '../model/route.ts'
import { createPairHistory, type PairHistory } from './pair-history.ts'
import { hasReached, type RouterBook, type RouterEntry, type RouterOnRoute } from './router-book.ts'

// Who routes a route, who of them must confirm a move, and under which pair an attempt was made.

/** One router as it stands on one route. */
export interface RouterFacts {
  readonly router: string
  readonly isAccountable: boolean
  readonly isGone: boolean
  readonly entry: RouterEntry | undefined
  readonly own: RouterOnRoute | undefined
}

export interface Routers {
  of(route: string, nowMs: number): readonly RouterFacts[]
  /** Marks and returns routers that left or came back since the last look. */
  changes(routers: readonly RouterFacts[]): readonly RouterFacts[]
  decided(route: string, pair: Generation, atUnixMs: number): void
  pairOf(attempt: Attempt): Generation | undefined
}

export interface RoutersOptions {
  readonly book: RouterBook
  readonly timings: Timings
  subscribed(route: string): readonly string[]
}

export function createRouters({ book, timings, subscribed }: RoutersOptions): Routers {
  const decided = new Map<string, PairHistory>()
  let startedMs: number | undefined

  const factsOf = (route: string, nowMs: number): RouterFacts[] => {
    startedMs ??= nowMs
    const subscribers = new Set(subscribed(route))
    const facts = new Map<string, RouterFacts>()
    const carriers: string[] = []
    for (const entry of book.entries) {
      const own = entry.routes.get(entry.routes.has(route) ? route : '')
      if (!own) continue
      const isAccountable = subscribers.has(entry.router) || own.isByStatus
      facts.set(entry.router, { router: entry.router, isAccountable, isGone: false, entry, own })
      if (isWithin(own.lastTrafficUnixMs, nowMs, timings.sourceSilentMs))
        carriers.push(entry.router)
    }
    for (const router of subscribers) {
      const entry = facts.get(router)?.entry
      if (!entry)
        facts.set(router, { router, isAccountable: true, isGone: false, entry, own: undefined })
    }
    return [...facts.values()]
      .map((one) => {
        const seenMs =
          one.entry?.lastSeenUnixMs ?? one.entry?.firstKnownUnixMs ?? startedMs ?? nowMs
        const isSilent = nowMs - seenMs >= timings.routerGoneMs
        const isCarried = carriers.some((router) => router !== one.router)
        return { ...one, isGone: isSilent && isCarried }
      })
      .sort((a, b) => a.router.localeCompare(b.router))
  }

  return {
    of: factsOf,
    changes: (routers) =>
      routers.filter((facts) => {
        if (!facts.own || facts.own.isGone === facts.isGone) return false
        facts.own.isGone = facts.isGone
        return true
      }),
    decided(route, pair, atUnixMs) {
      const history = decided.get(route) ?? createPairHistory()
      decided.set(route, history)
      history.add(pair, atUnixMs)
    },
    pairOf(attempt) {
      const startUnixMs = Number(attempt.startUnixNs / 1_000_000n)
      const own = book.find(attempt.router, attempt.route)
      return (
        own?.observed.at(startUnixMs) ??
        own?.answered.at(startUnixMs) ??
        decided.get(attempt.route)?.at(startUnixMs)
      )
    },
  }
}

export function isWithin(unixMs: number | undefined, nowMs: number, windowMs: number): boolean {
  return unixMs !== undefined && nowMs - unixMs <= windowMs
}

/** Those whose word counts: accountable and not gone. */
export function awaited(routers: readonly RouterFacts[]): readonly RouterFacts[] {
  return routers.filter((one) => one.isAccountable && !one.isGone)
}

/** Living routers, by which a route's rates are shared out; at least 1. */
export function countLive(routers: readonly RouterFacts[]): number {
  return Math.max(1, routers.filter((one) => !one.isGone).length)
}

export function toRouterView(facts: RouterFacts, pair: Generation): RouteRouter {
  const observed = facts.own?.observed.newest
  const answered = facts.own?.answered.newest
  return {
    router: facts.router,
    accountable: facts.isAccountable,
    gone: facts.isGone,
    observed: observed?.pair ?? null,
    answered_at: hasReached(facts.own?.answered, pair) ? iso(answered?.sinceUnixMs) : null,
    observed_at: hasReached(facts.own?.observed, pair) ? iso(observed?.sinceUnixMs) : null,
    last_seen: iso(facts.entry?.lastSeenUnixMs),
  }
}

function iso(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString()
}
