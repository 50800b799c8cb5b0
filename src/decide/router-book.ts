import type { Generation } from '../model/generation.ts'
import type { RouterStatus } from '../model/router-status.ts'
import { createPairHistory, type PairHistory } from './pair-history.ts'

// What is known of each router, from its spans, its status and its answers. Everything here is
// learnt again within seconds after a restart, so nothing is stored.

export interface RouterEntry {
  readonly router: string
  /** By any sign of life; undefined for a subscriber that never gave one. */
  lastSeenUnixMs: number | undefined
  firstKnownUnixMs: number
  lastStatusUnixMs: number | undefined
  /** The router's clock minus ours, from its newest status (one way, so late by its travel). */
  clockOffsetMs: number | undefined
  readonly routes: Map<string, RouterOnRoute>
}

export interface RouterOnRoute {
  readonly observed: PairHistory
  readonly answered: PairHistory
  /** A status named this route. */
  isByStatus: boolean
  lastTrafficUnixMs: number | undefined
  /** Attempts started by its counters: the newest sum, to see it grow. */
  started: number | undefined
  isGone: boolean
}

export interface RouterBook {
  /** Get or create; undefined when the book is full of living routers. */
  of(router: string, nowMs: number): RouterEntry | undefined
  route(entry: RouterEntry, route: string): RouterOnRoute
  find(router: string, route: string): RouterOnRoute | undefined
  forget(router: string): boolean
  /** A status of the router, or its traffic on the route, came since. */
  heardSince(query: { route: string; router: string; sinceMs: number }): boolean
  readonly entries: Iterable<RouterEntry>
  /** Notes a status; returns how many attempts its counters say were started since the last one. */
  status(update: StatusUpdate): ReadonlyMap<string, number>
}

export interface StatusUpdate {
  readonly router: string
  readonly status: RouterStatus
  readonly nowMs: number
  isKnownRoute(route: string): boolean
}

const ROUTERS_MAX = 2_000

export function createRouterBook(): RouterBook {
  const entries = new Map<string, RouterEntry>()

  const makeRoom = (nowMs: number) => {
    if (entries.size < ROUTERS_MAX) return true
    for (const [name, entry] of entries) {
      if (nowMs - (entry.lastSeenUnixMs ?? entry.firstKnownUnixMs) < 600_000) continue
      entries.delete(name)
      return true
    }
    return false
  }

  const of = (router: string, nowMs: number) => {
    const known = entries.get(router)
    if (known || !makeRoom(nowMs)) return known
    const entry: RouterEntry = {
      router,
      lastSeenUnixMs: undefined,
      firstKnownUnixMs: nowMs,
      lastStatusUnixMs: undefined,
      clockOffsetMs: undefined,
      routes: new Map(),
    }
    entries.set(router, entry)
    return entry
  }

  const route = (entry: RouterEntry, name: string) => {
    const known = entry.routes.get(name)
    if (known) return known
    const fresh: RouterOnRoute = {
      observed: createPairHistory(),
      answered: createPairHistory(),
      isByStatus: false,
      lastTrafficUnixMs: undefined,
      started: undefined,
      isGone: false,
    }
    entry.routes.set(name, fresh)
    return fresh
  }

  return {
    of,
    route,
    find: (router, name) => entries.get(router)?.routes.get(name),
    forget: (router) => entries.delete(router),
    heardSince({ route: name, router, sinceMs }) {
      const entry = entries.get(router)
      const trafficMs = entry?.routes.get(name)?.lastTrafficUnixMs ?? 0
      return Math.max(entry?.lastStatusUnixMs ?? 0, trafficMs) > sinceMs
    },
    get entries() {
      return entries.values()
    },
    status({ router, status, nowMs, isKnownRoute }) {
      const started = new Map<string, number>()
      const entry = of(router, nowMs)
      if (!entry) return started
      entry.lastSeenUnixMs = nowMs
      entry.lastStatusUnixMs = nowMs
      const clockMs = Date.parse(status.clock)
      entry.clockOffsetMs = Number.isNaN(clockMs) ? undefined : clockMs - nowMs
      const named = [...Object.keys(status.observed), ...Object.keys(status.routes)]
      for (const name of new Set(named)) {
        if (!isKnownRoute(name)) continue
        const own = route(entry, name)
        own.isByStatus = true
        const grown = growth(own, status.routes[name]?.targets ?? {})
        if (grown.started > 0 || grown.inflight > 0) own.lastTrafficUnixMs = nowMs
        started.set(name, grown.started)
      }
      return started
    },
  }
}

/** Counters start again at zero when a router boots: a fall means that all of them are new. */
function growth(own: RouterOnRoute, targets: RouterStatus['routes'][string]['targets']) {
  const counters = Object.values(targets)
  const total = counters.reduce((sum, one) => sum + one.started, 0)
  const inflight = counters.reduce((sum, one) => sum + one.inflight, 0)
  const before = own.started
  own.started = total
  // The first status tells no growth: its counters are since boot.
  if (before === undefined) return { started: 0, inflight }
  return { started: total >= before ? total - before : total, inflight }
}

/** True when the router's pair is at least `pair`. */
export function hasReached(history: PairHistory | undefined, pair: Generation): boolean {
  const newest = history?.newest?.pair
  if (!newest) return false
  return (
    newest.epoch > pair.epoch ||
    (newest.epoch === pair.epoch && newest.generation >= pair.generation)
  )
}
