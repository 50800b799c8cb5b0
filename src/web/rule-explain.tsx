import { useEffect, useState } from 'preact/hooks'
import type { RuleChange, RuleDetail, RuleGroupDetail } from '../model/rule-detail.ts'
import { api } from './api.ts'
import { formatAge, formatClock, formatPercent, formatValue } from './format.ts'

interface ExplainProps {
  readonly ruleId: string
  /** Of the group: `JSON.stringify(by)`. */
  readonly by: string
  /** Fetched anew when it moves on. */
  readonly nowMs: number
}

/** Why one group of a rule is as it is: what comes next, who sends, what changed and was refused. */
export function RuleExplain({ ruleId, by, nowMs }: ExplainProps) {
  const [detail, setDetail] = useState<RuleDetail>()
  const [fault, setFault] = useState('')
  useEffect(() => {
    let isOver = false
    api.rule(ruleId).then(
      (next) => {
        if (isOver) return
        setDetail(next)
        setFault('')
      },
      (reason: unknown) => !isOver && setFault(String(reason)),
    )
    return () => {
      isOver = true
    }
  }, [ruleId, nowMs])
  const group = detail?.groups.find((one) => JSON.stringify(one.by) === by)
  if (!detail || !group) return <p class="muted">{fault || 'Asking why…'}</p>
  return (
    <div class="explain">
      <p>
        <strong>{group.title}</strong>
        {group.reason && <span class="muted"> {group.reason}</span>}
      </p>
      <Facts detail={detail} group={group} />
      {group.changes.length > 0 && (
        <ol class="timeline" aria-label="Changes and refusals">
          {[...group.changes].reverse().map((change, index) => (
            <Change key={`${change.judged_at} ${index}`} change={change} kind={detail.kind} />
          ))}
        </ol>
      )}
    </div>
  )
}

function Facts({ detail, group }: { detail: RuleDetail; group: RuleGroupDetail }) {
  const more = group.source_count - group.sources.length
  return (
    <dl>
      <dt>next</dt>
      <dd>{group.next}</dd>
      <dt>window</dt>
      <dd>
        {formatAge(group.window_s * 1_000)}
        {group.min_count !== null && `, needs ${group.min_count}`}
        {group.lag_ms !== null && `, watermark ${formatAge(group.lag_ms)} behind`}
      </dd>
      {group.sources.length > 0 && (
        <>
          <dt>sources</dt>
          <dd>
            {group.sources.map((one) => (
              <span key={one.source} class={one.state === 'sending' ? 'tag' : 'tag warn'}>
                {one.source} {formatPercent(one.share)}
                {one.state !== 'sending' && ` ${one.state} ${formatAge(one.age_ms ?? 0)}`}
              </span>
            ))}
            {more > 0 && <span class="muted"> and {more} more</span>}
          </dd>
        </>
      )}
      {group.rests_on && (
        <>
          <dt>rests on</dt>
          <dd>{group.rests_on}</dd>
        </>
      )}
      {group.witnesses.length > 0 && (
        <>
          <dt>witnesses</dt>
          <dd>{group.witnesses.join(', ')}</dd>
        </>
      )}
      {detail.runbook && (
        <>
          <dt>runbook</dt>
          <dd>{detail.runbook}</dd>
        </>
      )}
    </dl>
  )
}

function Change({ change, kind }: { change: RuleChange; kind: string }) {
  const { from, to, refused, reason, value, count } = change
  return (
    <li>
      <time dateTime={change.at} title={`judged ${change.judged_at}`}>
        {formatClock(Date.parse(change.at))}
      </time>{' '}
      {from !== to && (
        <>
          {from && `${from} → `}
          <strong>{to}</strong>{' '}
        </>
      )}
      {refused && <span class="tag warn">refused: {refused}</span>}{' '}
      <span class="muted">{reason ?? `${formatValue(value, kind)} of ${count}`}</span>
    </li>
  )
}
