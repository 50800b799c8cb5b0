import type { RuleGroupView, RuleView } from '../model/verdict.ts'
import { reasonOf, tripCountMin } from './reasons.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

/** A rule as the API lists it, with every group as last judged. */
export function toRuleView(run: RuleRun, nowUnixMs: number): RuleView {
  const { rule } = run
  return {
    id: rule.id,
    kind: rule.kind,
    severity: rule.severity,
    title: rule.title,
    labels: rule.labels,
    groups: [...run.groups()].map((entry) => toGroupView({ run, entry, nowUnixMs })),
  }
}

export interface GroupViewQuery {
  readonly run: RuleRun
  readonly entry: RunGroup
  readonly nowUnixMs: number
}

export function toGroupView({ run, entry, nowUnixMs }: GroupViewQuery): RuleGroupView {
  const { group, judgement } = entry
  const { rule } = run
  const facts = {
    by: group.by,
    window_s: rule.windowMs / 1_000,
    min_count: tripCountMin(rule),
    effect: group.effect,
  }
  if (!judgement)
    return {
      ...facts,
      state: 'insufficient',
      reason: 'not judged yet',
      value: null,
      threshold: null,
      count: 0,
      since: new Date(nowUnixMs).toISOString(),
      watermark: null,
      lag_ms: null,
      witnesses: [],
    }
  const { state, threshold, count, watermarkUnixMs } = judgement
  const reason = reasonOf(rule, judgement)
  return {
    ...facts,
    state,
    ...(reason !== undefined && { reason }),
    value: state === 'unknown' ? null : judgement.value,
    threshold,
    count,
    since: new Date(judgement.sinceUnixMs).toISOString(),
    watermark: new Date(watermarkUnixMs).toISOString(),
    lag_ms: Math.max(0, nowUnixMs - watermarkUnixMs),
    witnesses: judgement.witnesses,
  }
}
