import { expect, test } from 'vitest'
import { measureCapacity } from '../../src/fleet/ledger-capacity.ts'
import type { LedgerEntry } from '../../src/fleet/ledger-entry.ts'
import { viewLedger } from '../../src/fleet/ledger-view.ts'
import { OUTAGE_MS, type Scripted, steadyLedger } from './steady-ledger.ts'

const SCOPE = { route: 'preview', primary: 'cloud-eu' }
const view = (entries: readonly LedgerEntry[]) => viewLedger(entries, SCOPE)
const scripted = (tries: readonly Scripted[]) =>
  view(
    steadyLedger({ perS: 1, beforeS: 0, outageS: 1, afterS: 0, decidedS: 0, script: () => tries }),
  )

test.for([
  { tries: 'primary ok', final: 'primary', isObserved: false, isStraight: false },
  { tries: 'primary failed', final: 'failed', isObserved: true, isStraight: false },
  { tries: 'primary failed, fallback ok', final: 'fallback', isObserved: true, isStraight: false },
  { tries: 'primary failed, primary ok', final: 'primary', isObserved: false, isStraight: false },
  { tries: 'fallback ok', final: 'fallback', isObserved: false, isStraight: true },
  {
    tries: 'primary rejected, fallback ok',
    final: 'fallback',
    isObserved: false,
    isStraight: false,
  },
])('$tries: $final', ({ tries, ...expected }) => {
  const attempts = tries.split(', ').map((text) => {
    const [role, outcome] = text.split(' ')
    return { role, outcome } as Scripted
  })
  expect(scripted(attempts).eligible[0]).toMatchObject(expected)
})

test('a move is read from what routers were told, once per version', () => {
  const entries = steadyLedger({ perS: 1, outageS: 60, decidedS: 36, script: () => [] })
  const states = entries.filter((entry) => entry.kind === 'state')
  const twice = [...entries, ...states.map((state) => ({ ...state, router: 'router-2' }))]
  expect(view(twice).moves).toEqual([
    {
      engagedMs: OUTAGE_MS + 36_000,
      backMs: OUTAGE_MS + 300_000,
      rampPassedMs: OUTAGE_MS + 300_000,
      generation: '1.2',
    },
  ])
})

test('capacity is what ready workers were seen to carry, against what is offered', () => {
  const entries = steadyLedger({
    perS: 10,
    beforeS: 600,
    outageS: 1,
    afterS: 30,
    decidedS: 0,
    script: () => [{ role: 'primary', outcome: 'ok' }],
  })
  const replicas = (s: number, available: number): LedgerEntry => ({
    kind: 'replicas',
    target: 'cloud-eu',
    atMs: OUTAGE_MS + s * 1_000,
    desired: 4,
    available,
  })
  const capacity = measureCapacity({
    view: view([...entries, replicas(-600, 4), replicas(20, 1)]),
    binMs: 1_000,
    windowMs: 60_000,
  })
  // Ten a second by four workers: 2.5 each, so one of them carries a quarter.
  expect(capacity.shortfall(OUTAGE_MS)).toBe(0)
  expect(capacity.shortfall(OUTAGE_MS + 20_000)).toBeCloseTo(0.75, 6)
})
