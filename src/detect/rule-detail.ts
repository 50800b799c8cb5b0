import type { Rule } from '../config/rules.ts'
import type {
  RuleChange,
  RuleClear,
  RuleDetail,
  RuleGroupDetail,
  RuleSource,
} from '../model/rule-detail.ts'
import { countedBy, sourceOf } from './feeds.ts'
import type { Change } from './history.ts'
import type { Moment } from './judgement.ts'
import { nextOf } from './next-step.ts'
import { clearCountMin, reasonOf } from './reasons.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import { toGroupView, toRuleView } from './rule-view.ts'
import { clearLevelOf } from './rule-words.ts'
import type { SourceShare } from './source-shares.ts'
import { titleOf } from './title-of.ts'

/** The share of its spans that a router lacks while its counters stand for them. */
type MissingShareOf = (router: string) => number | undefined

/** A rule as it explains itself. Costs a walk over the sources of each group: for one rule at a time. */
export function toRuleDetail(
  run: RuleRun,
  moment: Moment,
  missingShareOf: MissingShareOf,
): RuleDetail {
  const { rule } = run
  return {
    ...toRuleView(run, moment.nowUnixMs),
    ...(rule.runbook !== undefined && { runbook: rule.runbook }),
    groups: [...run.groups()].map((entry) => toGroupDetail({ run, entry, moment, missingShareOf })),
  }
}

interface DetailQuery {
  readonly run: RuleRun
  readonly entry: RunGroup
  readonly moment: Moment
  readonly missingShareOf: MissingShareOf
}

function toGroupDetail({ run, entry, moment, missingShareOf }: DetailQuery): RuleGroupDetail {
  const { rule } = run
  const { group, judgement, history } = entry
  const reason = judgement && reasonOf(rule, judgement)
  const { sources, count } = group.shares(moment)
  const isCounted = countedBy(rule, (router) => missingShareOf(router) !== undefined)
  const shown = sources.map((one): RuleSource => {
    const missing = isCounted(one.id) ? missingShareOf(one.id) : undefined
    return { ...toSource(one), ...(missing !== undefined && { spans_missing: round(missing) }) }
  })
  const restsOn = restsOnOf(rule, shown)
  return {
    ...toGroupView({ run, entry, nowUnixMs: moment.nowUnixMs }),
    title: titleOf({ run, by: group.by, judgement, reason }),
    clear: toClear(run),
    next: nextOf({ rule, judgement, effect: group.effect }),
    ...(restsOn !== undefined && { rests_on: restsOn }),
    sources: shown,
    source_count: count,
    changes: history.list().map(toChange),
  }
}

function restsOnOf(rule: Rule, sources: readonly RuleSource[]): string | undefined {
  if (sourceOf(rule) === 'counters') return 'the counters of routers'
  const counted = sources.flatMap(({ source, spans_missing: missing }) =>
    missing === undefined ? [] : [`${source}'s counters (its spans are ${percent(missing)} short)`],
  )
  return counted.length > 0 ? counted.join(', ') : undefined
}

const percent = (share: number) => `${Math.round(share * 100)} %`
const round = (share: number) => Number(share.toFixed(4))

function toClear({ rule }: RuleRun): RuleClear {
  return {
    level: clearLevelOf(rule),
    window_s: rule.clear.windowMs / 1_000,
    min_count: clearCountMin(rule),
    for_s: rule.clear.forMs / 1_000,
  }
}

function toSource({ id, component, share, ageMs, state }: SourceShare): RuleSource {
  return { source: id, component, share: round(share), age_ms: ageMs ?? null, state }
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
