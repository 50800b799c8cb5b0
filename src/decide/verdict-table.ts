import type { RoutePolicy } from '../config/failover.ts'
import type { Verdict } from '../model/verdict.ts'

/** The newest verdict of every rule and group; bounded, quiet groups are forgotten first. */
export interface VerdictTable {
  put(verdict: Verdict): void
  /**
   * Newest verdicts of the named rules whose group concerns the route. With `sinceUnixMs` (of a
   * generation), one that was last over its limit before counts as `ok`: what it still holds is
   * the effect of an older generation, which must neither move traffic nor break a step back.
   */
  of(query: VerdictQuery): readonly Verdict[]
  /** Firing rules labelled `class: capacity` that concern the target and the route (S12). */
  capacityOf(policy: RoutePolicy): readonly Verdict[]
}

export interface VerdictQuery {
  readonly rules: readonly string[]
  readonly policy: RoutePolicy
  readonly sinceUnixMs?: number
}

const GROUPS_MAX = 10_000

interface Kept {
  readonly verdict: Verdict
  /** When it was last judged to be over its limit, for certain. */
  readonly firedMs: number | undefined
}

export function createVerdictTable(): VerdictTable {
  const byRule = new Map<string, Map<string, Kept>>()
  let groupCount = 0

  const forgetOne = () => {
    for (const groups of byRule.values()) {
      for (const [key, { verdict }] of groups) {
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
      const groups = byRule.get(verdict.rule) ?? new Map<string, Kept>()
      byRule.set(verdict.rule, groups)
      const key = JSON.stringify(verdict.by)
      if (!groups.has(key)) {
        if (groupCount >= GROUPS_MAX && !forgetOne()) return
        groupCount++
      }
      const firedMs = isTripped(verdict) ? verdict.judgedUnixMs : groups.get(key)?.firedMs
      groups.set(key, { verdict, firedMs })
    },
    of: ({ rules, policy, sinceUnixMs = Number.NEGATIVE_INFINITY }) =>
      rules.flatMap((rule) =>
        [...(byRule.get(rule)?.values() ?? [])]
          .filter(({ verdict }) => concerns(verdict, policy))
          .map((kept) => afresh(kept, sinceUnixMs)),
      ),
    capacityOf: (policy) =>
      [...byRule.values()].flatMap((groups) =>
        [...groups.values()]
          .map((kept) => kept.verdict)
          .filter(
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

/** Firing, and over its limit now: not merely waiting to be cleared. */
function isTripped({ state, kind, value, threshold }: Verdict): boolean {
  if (state !== 'firing') return false
  const isCalm = kind === 'ratio' && typeof value === 'number' && threshold !== null
  return !(isCalm && value <= threshold)
}

function afresh({ verdict, firedMs }: Kept, sinceUnixMs: number): Verdict {
  const hasFired = firedMs !== undefined && firedMs >= sinceUnixMs
  if (hasFired || isTripped(verdict)) return verdict
  if (verdict.state === 'firing') return { ...verdict, state: 'ok', effect: 'ok' }
  return verdict.effect === 'ok' ? verdict : { ...verdict, effect: 'ok' }
}
