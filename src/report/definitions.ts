// What each figure means, for the reader of a report. The formulas are those of DEFINITIONS.md; where
// it leaves room, the choice made stands here and in the docstrings of the code.

export const DEFINITIONS: Readonly<Record<string, string>> = {
  interval:
    'I = [T0, T1): impairment of the primary, from attempts on it by start time. T0: last reset of a binomial CUSUM before detection (± one bin). T1: end of the bin of the last failed attempt before report.quiet_for passed without a bad bin; without a trickle, the step that proved the primary. Both are bin edges.',
  bad_bin:
    'A bin in which attempts on the primary fail at more than max(3·p0, 5 %) (fewer than 20 attempts are pooled), or in which the primary is known to be unable to carry the load (κ·R/λ). p0: failure ratio of attempts on the primary before detection.',
  eligible:
    'Requests that ended ok or failed, or whose end is unknown; rejected and cancelled ones count in no figure. Requests count by start time and weight.',
  would_have_failed:
    'W = requests with a failed attempt on the primary and none ok there, plus those sent straight to a fallback, each times p(t): the failure ratio the primary would have had under full load. p lies between the trickle on the primary (or 1 − κ·R/λ, if more) and the ratio in the last 30 s of impairment before the move; the upper end is taken when a rule labelled class: capacity is part of the incident, and, marked `assumed`, without a trickle.',
  duration: 'T1 − T0: impairment of the primary, whether or not users felt it.',
  user_impact_duration:
    'Time of the bins in I whose request success ratio is below θ; bins with fewer than 20 requests are unknown and only in `high`.',
  time_on_fallback:
    'From the decision to move until the route is back at `primary`, summed over moves.',
  requests_total: 'N: eligible requests that started in I.',
  requests_failed: 'N_x: those that failed in the end.',
  fallback_coverage: 'Share of the requests that would have failed (W) that a fallback served ok.',
  fallback_coverage_attempts:
    'Failed attempts on the primary whose request had an ok attempt on a fallback, of all failed attempts on the primary. Secondary: a client that retries in a loop moves it.',
  fallback_share: 'N_f / N: share of eligible requests that a fallback served ok.',
  fallback_generations: 'N_f: requests that a fallback served ok.',
  fallback_images: 'Images of the requests that a fallback served ok.',
  uptime_share_fallback:
    'Over bins with at least 20 requests that are up (success ≥ θ): mean share of what was served that a fallback served.',
  disruption_p50:
    'Over affected sessions: how long a user stood without an answer, from (start of the failed request + baseline p95 of its class) to the end of the next ok answer, joined, each cut at 15 min. Half of the affected sessions stood no longer. Kaplan–Meier when more than 5 % never came back.',
  disruption_p95: 'As disruption_p50, for 95 % of the affected sessions.',
  disruption_sum: 'Sum over affected sessions.',
  sessions_affected:
    'Sessions with any disruption, of sessions active in I; sessions above one request per second are machines and excluded.',
  dark_time: 'Longest run of bins with eligible requests of which none was ok.',
  switch_start_gap:
    'From the decision to the first attempt started on a fallback under the new generation.',
  switch_over_gap:
    'From the decision to the first ok answer of a fallback under the new generation; contains one render.',
  availability:
    '(N_p + N_f + N_o) / (N − N_u): ok requests by primary, fallback or another target, of those whose end is known.',
  availability_time: 'Share of bins with at least 20 requests that are up (success ≥ θ).',
  availability_without_fallback:
    'What availability would have been: ok by the primary (its own retries included), ok elsewhere without a failed attempt on the primary, and (1 − p) of those sent straight to a fallback.',
  budget_burnt:
    'N_x / ((1 − SLO) · eligible requests of 30 days). `forecast`: fewer than 30 days are stored, so their rate is extended.',
  budget_burnt_without_fallback:
    'As budget_burnt, with the requests of W that a fallback served counted as failed.',
  masked_failures: 'Ok requests with a failed attempt on the way.',
  retry_amplification: 'Attempts that started in I / eligible requests that did.',
  cost_per_success: 'GPU seconds of all attempts / ok requests.',
  ttd: 'Time to detect: T0 to the decision, or to the opening of an incident without one.',
  tta: 'Time to acknowledge: first delivered page to acknowledgement by a person.',
  ttf: 'Time to fail over: T0 until all routers observed the move.',
  ttm: 'Time to mitigate: T0 until success was back at θ for ten bins (t9).',
  ttr: 'Time to resolve: T0 until the incident was resolved.',
}
