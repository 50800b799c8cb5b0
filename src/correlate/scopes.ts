import type { Transition } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'
import type { IncidentBook } from './book.ts'
import type { IncidentRecord } from './record.ts'
import { isBreached, ruleKeyOf } from './verdicts.ts'

const BREACHED_MAX = 2_000
const ROUTES_MAX = 256
const TRANSITIONS_MAX = 50

/** Which incident a verdict belongs to, from what was said of rules and routes so far. */
export interface Scopes {
  /** Keeps what is breached, so that an incident that opens later knows what came before it. */
  remember(verdict: Verdict): void
  moved(transition: Transition): void
  concernedBy(verdict: Verdict): readonly IncidentRecord[]
  /** Breached verdicts beside `cause` that belong to an incident of this route. */
  breachedFor(route: string, cause: Verdict | undefined): readonly Verdict[]
  /** Steps since the route left `primary`, oldest first. */
  transitionsOf(route: string): readonly Transition[]
  /** Routes that are `suspect`, and were already at `beforeUnixMs`. */
  suspectSince(beforeUnixMs: number): readonly string[]
}

export interface ScopesOptions {
  readonly book: IncidentBook
  relatedRoutes(rule: string): readonly string[]
}

/** The route that a rule's group or label names. */
export function routeOf({ by, labels }: Verdict): string | undefined {
  return by.route ?? labels.route
}

export function createScopes({ book, relatedRoutes }: ScopesOptions): Scopes {
  const breached = new Map<string, Verdict>()
  const routes = new Map<string, readonly Transition[]>()

  /** A verdict without a route concerns one by its targets or by its policy. */
  const concernsRoute = (verdict: Verdict, route: string, targets: readonly string[]) => {
    const own = routeOf(verdict)
    if (own !== undefined) return own === route
    const { target } = verdict.by
    if (target !== undefined && targets.length > 0) return targets.includes(target)
    return relatedRoutes(verdict.rule).includes(route)
  }
  const concernsRecord = (verdict: Verdict, record: IncidentRecord) => {
    if (record.rules[ruleKeyOf(verdict)] !== undefined) return true
    if (record.route !== undefined) return concernsRoute(verdict, record.route, record.targets)
    return routeOf(verdict) === undefined && record.scope === `rule/${verdict.rule}`
  }
  return {
    remember(verdict) {
      const key = ruleKeyOf(verdict)
      breached.delete(key)
      if (!isBreached(verdict)) return
      breached.set(key, verdict)
      const oldest = breached.size > BREACHED_MAX ? breached.keys().next().value : undefined
      if (oldest !== undefined) breached.delete(oldest)
    },
    moved(transition) {
      const { route, to } = transition
      if (!routes.has(route) && routes.size >= ROUTES_MAX) return
      const known = to === 'primary' ? [] : (routes.get(route) ?? [])
      routes.set(route, [...known, transition].slice(-TRANSITIONS_MAX))
    },
    concernedBy: (verdict) => book.open().filter((record) => concernsRecord(verdict, record)),
    breachedFor(route, cause) {
      const targets = (routes.get(route)?.at(-1)?.view.targets ?? []).map((one) => one.target)
      return [...breached.values()].filter(
        (one) => one !== cause && concernsRoute(one, route, targets),
      )
    },
    transitionsOf: (route) => (routes.get(route) ?? []).filter((one) => one.to !== 'primary'),
    suspectSince: (beforeUnixMs) =>
      [...routes.values()].flatMap((steps) => {
        const newest = steps.at(-1)
        if (newest?.to !== 'suspect') return []
        return Date.parse(newest.view.since) <= beforeUnixMs ? [newest.route] : []
      }),
  }
}
