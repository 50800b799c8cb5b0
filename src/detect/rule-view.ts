import type { RuleGroupView, RuleView } from '../model/verdict.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

/** A rule as the API shows it, with every group as last judged. */
export function toRuleView(run: RuleRun, nowUnixMs: number): RuleView {
  const { rule } = run
  return {
    id: rule.id,
    kind: rule.kind,
    severity: rule.severity,
    title: rule.title,
    labels: rule.labels,
    groups: [...run.groups()].map((entry) => toGroupView(entry, nowUnixMs)),
  }
}

function toGroupView({ group, judgement }: RunGroup, nowUnixMs: number): RuleGroupView {
  if (!judgement)
    return {
      by: group.by,
      state: 'insufficient',
      reason: 'not judged yet',
      value: null,
      threshold: null,
      count: 0,
      since: new Date(nowUnixMs).toISOString(),
      watermark: null,
      lag_ms: null,
    }
  const { state, reason, threshold, count, watermarkUnixMs } = judgement
  return {
    by: group.by,
    state,
    ...(reason !== undefined && { reason }),
    value: state === 'unknown' ? null : judgement.value,
    threshold,
    count,
    since: new Date(judgement.sinceUnixMs).toISOString(),
    watermark: new Date(watermarkUnixMs).toISOString(),
    lag_ms: Math.max(0, nowUnixMs - watermarkUnixMs),
  }
}
