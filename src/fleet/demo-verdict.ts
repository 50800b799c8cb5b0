import type { RatioLimits } from './demo-alerts.ts'
import { parseReport } from './demo-api.ts'
import type { Narrator } from './demo-narrator.ts'
import { compare, compareFigures, renderTable } from './demo-table.ts'
import { PRIMARY, ROUTE } from './fleet-plan.ts'
import { readLedger } from './ledger.ts'
import { computeLedgerFigures } from './ledger-figures.ts'
import { viewLedger } from './ledger-view.ts'
import { findTriggerMs } from './trigger-moment.ts'

// Defaults of settings and policy that the demo leaves as shipped.
const THETA = 0.95
const SLO = 0.999
const QUIET_MS = 120_000
const LATENESS_MS = 10_000

/** Prints every headline figure beside the ledger's own; true when all agree. */
export function judgeReport(options: {
  readonly reportText: string
  readonly ledgerFiles: readonly string[]
  /** As in its file, not yet divided. */
  readonly rule: RatioLimits
  readonly speed: number
  readonly narrator: Narrator
}): boolean {
  const { rule, speed, narrator } = options
  const report = parseReport(options.reportText)
  const view = viewLedger(readLedger(options.ledgerFiles), { route: ROUTE, primary: PRIMARY })
  const ruleWindowMs = rule.windowMs / speed
  const newestMs = view.offered.reduce((newest, { endMs }) => Math.max(newest, endMs), 0)
  const ledger = computeLedgerFigures(view, {
    theta: THETA,
    slo: SLO,
    ruleWindowMs,
    quietForMs: QUIET_MS / speed,
    speed,
    horizonMs: newestMs - LATENESS_MS / speed,
  })
  const triggerMs = findTriggerMs({ ...rule, tries: view.primary, windowMs: ruleWindowMs })
  const decidedMs = view.moves[0]?.engagedMs ?? null
  // Both since T0, so that the column says seconds into the outage rather than a date.
  const sinceT0 = (ms: number | null | undefined) =>
    ms === null || ms === undefined ? null : (ms - ledger.interval.t0Ms) / 1_000
  const decision = compare({
    name: 'decided, against arithmetic',
    unit: 's',
    report: sinceT0(decidedMs),
    ledger: sinceT0(triggerMs),
  })
  const comparisons = [...compareFigures(report.headline, ledger.figures), decision]
  const failed = comparisons.filter(({ isEqual }) => !isEqual).length
  narrator.write(
    `\n${view.offered.length} requests in the fleet's ledger; T0 ${toText(ledger.interval.t0Ms)}, ` +
      `T1 ${toText(ledger.interval.t1Ms)}, bins of ${ledger.binMs / 1_000} s, ` +
      `${ledger.affectedSessions} sessions disrupted. Report: ${report.state}.\n\n`,
  )
  narrator.write(renderTable(comparisons))
  narrator.write(
    failed === 0
      ? '\nEvery headline figure agrees with what the fleet itself recorded.\n'
      : `\n${failed} figures disagree with what the fleet itself recorded.\n`,
  )
  return failed === 0
}

const toText = (ms: number) => new Date(ms).toISOString()
