import { COUNT_MIN } from './ledger-bins.ts'
import { isWithin, rank } from './ledger-disruption.ts'
import type { Counted, LedgerView } from './ledger-view.ts'

/** Where to look for what was normal before the outage could be seen. */
export interface Calm {
  readonly view: LedgerView
  readonly detectMs: number
  /** Window of the rule that moved traffic: its failures are not normal. */
  readonly ruleWindowMs: number
  readonly speed: number
}

const HOUR_MS = 3_600_000

/** p0: failure ratio of the primary, by attempts that ended in the last 7 days, else hour. */
export function baselineRatioOf(calm: Calm): number {
  const reaches = [
    calmTest(calm, { reachMs: 7 * 24 * HOUR_MS, windows: 2 }),
    calmTest(calm, { reachMs: HOUR_MS, windows: 1 }),
  ]
  for (const isCalm of reaches) {
    const tries = calm.view.primary.filter((one) => isCalm(one.endMs))
    if (tries.length >= COUNT_MIN) return tries.filter((one) => one.isFailed).length / tries.length
  }
  return 0
}

/** Baseline p95 of latency (ms) by class; that of all classes where a class has too few answers. */
export function patienceOf(calm: Calm): (className: string) => number {
  const within = (windows: number) => {
    const isCalm = calmTest(calm, { reachMs: HOUR_MS, windows })
    return calm.view.eligible.filter(
      ({ request, final }) => final !== 'failed' && final !== 'fallback' && isCalm(request.endMs),
    )
  }
  const first = within(2)
  const answers = first.length >= COUNT_MIN ? first : within(1)
  const all = p95MsOf(answers)
  const byClass = new Map<string, number>()
  return (className) => {
    const known = byClass.get(className)
    if (known !== undefined) return known
    const own = answers.filter(({ request }) => request.class === className)
    const found = own.length >= COUNT_MIN ? p95MsOf(own) : all
    byClass.set(className, found)
    return found
  }
}

function calmTest(calm: Calm, { reachMs, windows }: { reachMs: number; windows: number }) {
  const fromMs = calm.detectMs - reachMs / calm.speed
  const toMs = calm.detectMs - windows * calm.ruleWindowMs
  return (endMs: number) => isWithin(endMs, fromMs, toMs)
}

function p95MsOf(answers: readonly Counted[]): number {
  const latencies = answers.map(({ request }) => request.endMs - request.startMs)
  return (
    (rank(
      latencies.sort((a, b) => a - b),
      0.95,
    ) ?? 0) * 1_000
  )
}
