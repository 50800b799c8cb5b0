import { useState } from 'preact/hooks'
import type { RuleGroupView, RuleView } from '../model/verdict.ts'
import { formatAge, formatValue } from './format.ts'
import { RuleExplain } from './rule-explain.tsx'

const TONES: Record<string, string> = {
  ok: 'good',
  firing: 'bad',
  pending: 'warn',
  unknown: 'warn',
}
const ORDER = ['firing', 'unknown', 'pending', 'insufficient', 'ok']

export function RulesPanel({ rules, nowMs }: { rules: readonly RuleView[]; nowMs: number }) {
  const [isFull, setFull] = useState(false)
  const [openKey, setOpenKey] = useState('')
  const rows = rules
    .flatMap((rule): RuleRow[] =>
      rule.groups.length === 0 ? [{ rule }] : rule.groups.map((group) => ({ rule, group })),
    )
    .sort((a, b) => rank(a.group) - rank(b.group))
  const shown = isFull ? rows : rows.filter(({ group }) => group)
  return (
    <section aria-label="Rules">
      <h2>Rules</h2>
      <div class="card scroll">
        <table>
          <thead>
            <tr>
              <th>state</th>
              <th>rule</th>
              <th>group</th>
              <th>value</th>
              <th>limit</th>
              <th>count</th>
              <th>since</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => {
              const key = `${row.rule.id} ${row.group ? JSON.stringify(row.group.by) : ''}`
              const isOpen = key === openKey
              return (
                <Row
                  key={key}
                  {...row}
                  nowMs={nowMs}
                  isOpen={isOpen}
                  onToggle={() => setOpenKey(isOpen ? '' : key)}
                />
              )
            })}
          </tbody>
        </table>
        {shown.length === 0 && <p class="empty">No rule has seen data yet.</p>}
      </div>
      <button type="button" class="quiet" onClick={() => setFull(!isFull)}>
        {isFull ? 'Only rules with data' : `All ${rules.length} rules`}
      </button>
    </section>
  )
}

interface RuleRow {
  readonly rule: RuleView
  readonly group?: RuleGroupView
}

interface RowProps extends RuleRow {
  readonly nowMs: number
  readonly isOpen: boolean
  readonly onToggle: () => void
}

function Row({ rule, group, nowMs, isOpen, onToggle }: RowProps) {
  const state = group?.state ?? 'no data'
  const row = (
    <tr title={group?.reason ?? rule.title}>
      <td>
        <span class={`pill ${TONES[state] ?? ''}`}>{state}</span>
      </td>
      <td>
        {group ? (
          <button type="button" class="link" aria-expanded={isOpen} onClick={onToggle}>
            {rule.id}
          </button>
        ) : (
          rule.id
        )}
      </td>
      <td>{group ? keyOf(group) : ''}</td>
      <td>{formatValue(group?.value, rule.kind)}</td>
      <td>{formatValue(group?.threshold, rule.kind)}</td>
      <td>{group?.count ?? ''}</td>
      <td>{group ? formatAge(nowMs - Date.parse(group.since)) : ''}</td>
    </tr>
  )
  if (!group || !isOpen) return row
  return (
    <>
      {row}
      <tr>
        <td colSpan={7}>
          <RuleExplain ruleId={rule.id} by={JSON.stringify(group.by)} nowMs={nowMs} />
        </td>
      </tr>
    </>
  )
}

function keyOf(group: RuleGroupView): string {
  return Object.values(group.by).join(' · ')
}

function rank(group: RuleGroupView | undefined): number {
  return group ? ORDER.indexOf(group.state) : ORDER.length
}
