import type { Counted } from './ledger-view.ts'

/** How long the users of affected sessions stood before nothing. */
export interface LedgerDisruption {
  readonly affected: number
  readonly p50S: number | null
  readonly p95S: number | null
}

export function measureDisruption(options: {
  readonly eligible: readonly Counted[]
  readonly t0Ms: number
  readonly t1Ms: number
  /** Longest wait that is counted: 15 minutes, or its rehearsal. */
  readonly cutMs: number
  /** What an answer of this class normally takes, at the 95th percentile. */
  patienceMs(className: string): number
}): LedgerDisruption {
  const { eligible, t0Ms, t1Ms, cutMs, patienceMs } = options
  const waits = [...bySession(eligible)].flatMap(([session, requests]) => {
    const inside = requests.filter(({ request }) => isWithin(request.startMs, t0Ms, t1Ms))
    const perS = inside.length / ((t1Ms - t0Ms) / 1_000)
    if (session === '' || perS > 1) return []
    const oks = requests.filter(({ final }) => final !== 'failed').map(({ request }) => request)
    const spans = inside
      .filter(({ final }) => final === 'failed')
      .map(({ request }) => {
        const fromMs = request.startMs + patienceMs(request.class)
        const ends = oks.map((ok) => ok.endMs).filter((endMs) => endMs > fromMs)
        const endMs = Math.min(...ends, fromMs + cutMs)
        return { fromMs, toMs: Math.min(endMs, t1Ms + cutMs) }
      })
    const ms = unionMs(spans)
    return ms > 0 ? [ms] : []
  })
  waits.sort((a, b) => a - b)
  return { affected: waits.length, p50S: rank(waits, 0.5), p95S: rank(waits, 0.95) }
}

function bySession(eligible: readonly Counted[]): Map<string, Counted[]> {
  const sessions = new Map<string, Counted[]>()
  for (const counted of eligible) {
    const requests = sessions.get(counted.request.session)
    if (requests) requests.push(counted)
    else sessions.set(counted.request.session, [counted])
  }
  return sessions
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

function unionMs(spans: readonly Span[]): number {
  let total = 0
  let reachedMs = Number.NEGATIVE_INFINITY
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    total += Math.max(0, toMs - Math.max(fromMs, reachedMs))
    reachedMs = Math.max(reachedMs, toMs)
  }
  return total
}

/** Nearest rank, in seconds. */
export function rank(sorted: readonly number[], q: number): number | null {
  const at = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
  return at === undefined ? null : at / 1_000
}

export const isWithin = (ms: number, fromMs: number, toMs: number): boolean =>
  ms >= fromMs && ms < toMs
