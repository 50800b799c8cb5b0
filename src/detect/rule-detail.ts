import type {
  RuleChange,
  RuleClear,
  RuleDetail,
  RuleGroupDetail,
  RuleSource,
} from '../model/rule-detail.ts'
import type { Change } from './history.ts'
import type { Moment } from './judgement.ts'
import { nextOf } from './next-step.ts'
import { clearCountMin, reasonOf } from './reasons.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import { toGroupView, toRuleView } from './rule-view.ts'
import { clearLevelOf } from './rule-words.ts'
import type { SourceShare } from './source-shares.ts'
import { titleOf } from './title-of.ts'

/** A rule as it explains itself. Costs a walk over the sources of each group: for one rule at a time. */
export function toRuleDetail(run: RuleRun, moment: Moment): RuleDetail {
  const { rule } = run
  return {
    ...toRuleView(run, moment.nowUnixMs),
    ...(rule.runbook !== undefined && { runbook: rule.runbook }),
    groups: [...run.groups()].map((entry) => toGroupDetail({ run, entry, moment })),
  }
}

interface DetailQuery {
  readonly run: RuleRun
  readonly entry: RunGroup
  readonly moment: Moment
}

function toGroupDetail({ run, entry, moment }: DetailQuery): RuleGroupDetail {
  const { rule } = run
  const { group, judgement, history } = entry
  const reason = judgement && reasonOf(rule, judgement)
  const { sources, count } = group.shares(moment)
  return {
    ...toGroupView({ run, entry, nowUnixMs: moment.nowUnixMs }),
    title: titleOf({ run, by: group.by, judgement, reason }),
    clear: toClear(run),
    next: nextOf({ rule, judgement, effect: group.effect }),
    sources: sources.map(toSource),
    source_count: count,
    changes: history.list().map(toChange),
  }
}

function toClear({ rule }: RuleRun): RuleClear {
  return {
    level: clearLevelOf(rule),
    window_s: rule.clear.windowMs / 1_000,
    min_count: clearCountMin(rule),
    for_s: rule.clear.forMs / 1_000,
  }
}

function toSource({ id, component, share, ageMs, state }: SourceShare): RuleSource {
  return { source: id, component, share: Number(share.toFixed(4)), age_ms: ageMs ?? null, state }
}

function toChange({ atUnixMs, judgedUnixMs, reason, refused, ...facts }: Change): RuleChange {
  return {
    at: new Date(atUnixMs).toISOString(),
    judged_at: new Date(judgedUnixMs).toISOString(),
    ...facts,
    ...(reason !== undefined && { reason }),
    ...(refused !== undefined && { refused }),
  }
}
