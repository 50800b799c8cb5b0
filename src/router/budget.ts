import type { Clock } from '../lib/clock.ts'

/** A token bucket: `ratePerS` on average, at most one second's worth (at least one) at once. */
interface Budget {
  /** True, and one token is gone; false when none is left. */
  take(ratePerS: number): boolean
}

/** The rate comes with each call, because a new version may change a router's share. */
function createBudget(clock: Clock): Budget {
  let tokens: number | undefined
  let filledMs = 0
  return {
    take(ratePerS) {
      if (ratePerS <= 0) return false
      const capacity = Math.max(1, ratePerS)
      const nowMs = clock.monotonicMs()
      const gained = ((nowMs - filledMs) / 1_000) * ratePerS
      tokens = tokens === undefined ? capacity : Math.min(capacity, tokens + gained)
      filledMs = nowMs
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}

/** One budget per key; keys are routes and targets of documents, so few. */
export function createBudgets(clock: Clock): { take(key: string, ratePerS: number): boolean } {
  const budgets = new Map<string, Budget>()
  return {
    take(key, ratePerS) {
      const budget = budgets.get(key) ?? createBudget(clock)
      budgets.set(key, budget)
      return budget.take(ratePerS)
    },
  }
}
