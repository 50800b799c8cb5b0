import { formatDurationMs } from '../lib/duration.ts'
import type { Group as GroupKey } from '../model/verdict.ts'
import type { Judgement } from './judgement.ts'
import type { RuleRun } from './rule-run.ts'

export interface TitleQuery {
  readonly run: RuleRun
  readonly by: GroupKey
  readonly judgement: Pick<Judgement, 'state' | 'value' | 'threshold' | 'count'> | undefined
  readonly reason: string | undefined
}

/** The rule's title for one group, as last judged. */
export function titleOf({ run, by, judgement, reason }: TitleQuery): string {
  const { rule } = run
  return run.renderTitle({
    ...by,
    rule: rule.id,
    severity: rule.severity,
    labels: rule.labels,
    window: formatDurationMs(rule.windowMs),
    state: judgement?.state,
    reason,
    value: judgement?.value,
    threshold: judgement?.threshold,
    count: judgement?.count,
  })
}
