/** Requests of the route that the error budget is reckoned with. */
export interface BudgetWindow {
  /** Eligible requests (weights) that started in [T1 − 30 d, T1). */
  readonly eligible: number
  /** Start of the oldest of them; undefined without any. */
  readonly oldestMs: number | undefined
  /** True when requests older than 30 days are stored: the window is complete. */
  readonly isComplete: boolean
  readonly untilMs: number
}

export const BUDGET_WINDOW_MS = 30 * 86_400_000

/**
 * N_window. With less than 30 days stored it is a forecast: the eligible requests times
 * 30 d / (T1 − start of the oldest one). Null without traffic.
 */
export function toWindowRequests(window: BudgetWindow): {
  readonly value: number | null
  readonly label?: 'forecast'
} {
  const { eligible, oldestMs, isComplete, untilMs } = window
  if (oldestMs === undefined || eligible === 0) return { value: null }
  if (isComplete) return { value: eligible }
  return { value: (eligible * BUDGET_WINDOW_MS) / (untilMs - oldestMs), label: 'forecast' }
}

/** Share of the error budget: failed / ((1 − SLO) · N_window). */
export function toBudgetShare(options: {
  readonly failed: number
  readonly slo: number
  readonly windowRequests: number | null
}): number | null {
  const { failed, slo, windowRequests } = options
  return windowRequests === null ? null : failed / ((1 - slo) * windowRequests)
}
