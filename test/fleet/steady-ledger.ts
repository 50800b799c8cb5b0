import type { LedgerAttempt, LedgerEntry, LedgerRequest } from '../../src/fleet/ledger-entry.ts'
import type { RequestOutcome, Role } from '../../src/model/attempt.ts'

/** Start of the outage in every generated ledger; a whole minute, so that any bin may begin there. */
export const OUTAGE_MS = Date.UTC(2026, 0, 11, 14, 26, 0)

/** One try in a script: where, how it ends, after how many ms. */
export interface Scripted {
  readonly role: Role
  readonly outcome: RequestOutcome
  readonly ms?: number
}

export interface SteadyOptions {
  readonly perS: number
  readonly beforeS?: number
  readonly outageS: number
  readonly afterS?: number
  readonly decidedS: number
  /** What happens to the request that starts `s` after the outage began. */
  script(s: number, index: number): readonly Scripted[]
}

const OK: readonly Scripted[] = [{ role: 'primary', outcome: 'ok' }]

/** Evenly spaced requests: all well before and after the outage, as scripted within. */
export function steadyLedger(options: SteadyOptions): LedgerEntry[] {
  const { perS, beforeS = 1_200, outageS, afterS = 400, decidedS } = options
  const entries: LedgerEntry[] = []
  for (let index = -beforeS * perS; index < (outageS + afterS) * perS; index++) {
    const s = index / perS
    const tries = s >= 0 && s < outageS ? options.script(s, index) : OK
    entries.push(request(OUTAGE_MS + Math.round(s * 1_000), index, tries))
  }
  const state = { kind: 'state', router: 'router-1', route: 'preview', epoch: 1, atMs: 0 } as const
  const edge = [{ target: 'edge-local', weight: 1 }]
  const cloud = [{ target: 'cloud-eu', weight: 1 }]
  const decidedMs = OUTAGE_MS + decidedS * 1_000
  const backMs = OUTAGE_MS + (outageS + 240) * 1_000
  entries.push(
    { ...state, generation: 2, version: 2, state: 'engaging', targets: edge, decidedMs },
    { ...state, generation: 2, version: 3, state: 'fallback', targets: edge, decidedMs },
    {
      ...state,
      generation: 3,
      version: 4,
      state: 'ramping',
      targets: cloud,
      decidedMs: OUTAGE_MS + outageS * 1_000,
    },
    { ...state, generation: 3, version: 5, state: 'primary', targets: cloud, decidedMs: backMs },
  )
  return entries
}

function request(startMs: number, index: number, tries: readonly Scripted[]): LedgerRequest {
  let atMs = startMs
  const attempts = tries.map(({ role, outcome, ms = 1 }): LedgerAttempt => {
    const from = atMs
    atMs += ms
    const target = role === 'primary' ? 'cloud-eu' : 'edge-local'
    return {
      target,
      role,
      outcome,
      startMs: from,
      endMs: atMs,
      generation: role === 'primary' ? '1.1' : '1.2',
    }
  })
  return {
    kind: 'request',
    id: `trace-${index}`,
    router: 'router-1',
    route: 'preview',
    session: `s-${Math.abs(index) % 5_000}`,
    class: 'txt2img/512/20',
    images: 1,
    startMs,
    endMs: atMs,
    outcome: tries.some((one) => one.outcome === 'ok') ? 'ok' : 'failed',
    attempts,
  }
}
