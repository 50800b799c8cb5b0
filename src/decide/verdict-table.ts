import type { RoutePolicy } from '../config/failover.ts'
import type { Verdict } from '../model/verdict.ts'

/** The newest verdict of every rule and group; bounded, quiet groups are forgotten first. */
export interface VerdictTable {
  put(verdict: Verdict): void
  /** Newest verdicts of the named rules whose group concerns the route. */
  of(rules: readonly string[], policy: RoutePolicy): readonly Verdict[]
  /** Firing rules labelled `class: capacity` that concern the target and the route (S12). */
  capacityOf(policy: RoutePolicy): readonly Verdict[]
}

const GROUPS_MAX = 10_000

export function createVerdictTable(): VerdictTable {
  const byRule = new Map<string, Map<string, Verdict>>()
  let groupCount = 0

  const forgetOne = () => {
    for (const groups of byRule.values()) {
      for (const [key, verdict] of groups) {
        if (verdict.effect === 'firing' || verdict.state === 'pending') continue
        groups.delete(key)
        groupCount--
        return true
      }
    }
    return false
  }

  return {
    put(verdict) {
      const groups = byRule.get(verdict.rule) ?? new Map<string, Verdict>()
      byRule.set(verdict.rule, groups)
      const key = JSON.stringify(verdict.by)
      if (!groups.has(key)) {
        if (groupCount >= GROUPS_MAX && !forgetOne()) return
        groupCount++
      }
      groups.set(key, verdict)
    },
    of: (rules, policy) =>
      rules.flatMap((rule) =>
        [...(byRule.get(rule)?.values() ?? [])].filter((verdict) => concerns(verdict, policy)),
      ),
    capacityOf: (policy) =>
      [...byRule.values()].flatMap((groups) =>
        [...groups.values()].filter(
          (verdict) =>
            verdict.labels.class === 'capacity' && isFiring(verdict) && concerns(verdict, policy),
        ),
      ),
  }
}

/** A group concerns a route unless its `route` or `target` says otherwise; the target is the primary. */
export function concerns({ by }: Verdict, policy: RoutePolicy): boolean {
  const isRoute = by.route === undefined || by.route === policy.route
  return isRoute && (by.target === undefined || by.target === policy.primary)
}

/** `insufficient` and `unknown` keep the last verdict's effect: they neither trip nor clear. */
export function isFiring(verdict: Verdict): boolean {
  return verdict.state === 'firing' || (verdict.state !== 'ok' && verdict.effect === 'firing')
}
