import { expect, test } from 'vitest'
import type { LedgerEntry } from '../../src/fleet/ledger-entry.ts'
import { computeLedgerFigures } from '../../src/fleet/ledger-figures.ts'
import { viewLedger } from '../../src/fleet/ledger-view.ts'
import { OUTAGE_MS, type Scripted, steadyLedger } from './steady-ledger.ts'

// The worked numbers of DEFINITIONS.md, at 10 requests/s; shares do not depend on the rate.
const FAILED: readonly Scripted[] = [{ role: 'primary', outcome: 'failed' }]
const FALLBACK: readonly Scripted[] = [{ role: 'fallback', outcome: 'ok' }]
const RESCUED = [...FAILED, ...FALLBACK]

function figuresOf(entries: readonly LedgerEntry[]) {
  const view = viewLedger(entries, { route: 'preview', primary: 'cloud-eu' })
  const lastMs = view.offered.at(-1)?.endMs ?? 0
  return computeLedgerFigures(view, {
    theta: 0.95,
    slo: 0.999,
    ruleWindowMs: 90_000,
    quietForMs: 120_000,
    speed: 1,
    horizonMs: lastMs,
  })
}

const totalOutage = (s: number) => (s < 37.2 ? FAILED : FALLBACK)

test('1 and 6: 97.615 % are covered when 36 s trip the rule, and 1.435 % of the budget burn', () => {
  const { figures, interval, binMs } = figuresOf(
    steadyLedger({ perS: 10, outageS: 1_560, decidedS: 36, script: totalOutage }),
  )
  expect(binMs).toBe(5_000)
  expect(interval.t0Ms).toBe(OUTAGE_MS)
  expect(figures.duration).toBe(1_560)
  expect(figures.requests_failed).toBe(372)
  expect(figures.fallback_coverage).toBeCloseTo(0.97615, 5)
  expect(Math.round((figures.requests_failed ?? 0) * 147.4)).toBe(54_833)
  expect(figures.budget_burnt).toBeCloseTo(0.01435, 5)
  expect(figures.budget_burnt_without_fallback).toBeCloseTo(0.60185, 5)
  expect(figures.dark_time).toBe(35)
  expect(figures.user_impact_duration).toBe(40)
  expect(figures.time_on_fallback).toBe(1_560 - 36 + 240)
  expect(figures.switch_start_gap).toBeCloseTo(1.2, 3)
  expect(figures.switch_over_gap).toBeCloseTo(1.201, 3)
})

test('7: a trickle of 1 % that is not rescued costs coverage and budget', () => {
  const { figures } = figuresOf(
    steadyLedger({
      perS: 10,
      outageS: 1_560,
      decidedS: 36,
      script: (s, index) => (s >= 37.2 && index % 100 === 0 ? FAILED : totalOutage(s)),
    }),
  )
  expect(figures.fallback_coverage).toBeCloseTo(0.9664, 3)
  expect(figures.budget_burnt).toBeCloseTo(0.0202, 4)
})

test('8: with a rescue per request nobody is failed and nothing is dark', () => {
  const { figures } = figuresOf(
    steadyLedger({ perS: 10, outageS: 600, decidedS: 36, script: () => RESCUED }),
  )
  expect(figures.requests_failed).toBe(0)
  expect(figures.dark_time).toBe(0)
  expect(figures.fallback_coverage).toBe(1)
  expect(figures.availability).toBe(1)
  expect(figures.availability_without_fallback).toBe(0)
})

test('9: half of ten minutes would have been lost at p = 0.5', () => {
  const { figures } = figuresOf(
    steadyLedger({
      perS: 100,
      beforeS: 700,
      outageS: 600,
      decidedS: 80,
      script: (s, index) => {
        if (s >= 80) return FALLBACK
        return index % 2 === 0 ? FAILED : [{ role: 'primary', outcome: 'ok' }]
      },
    }),
  )
  expect(figures.availability_without_fallback).toBeCloseTo(0.5, 3)
})

test('10: what the primary rescues itself would not have failed', () => {
  const { figures } = figuresOf(
    steadyLedger({
      perS: 100,
      beforeS: 700,
      outageS: 500,
      decidedS: 90,
      script(_, index) {
        const turn = index % 25
        if (turn < 4) return [...FAILED, ...FAILED, ...FALLBACK]
        if (turn < 10) return [...FAILED, { role: 'primary', outcome: 'ok' }]
        return [{ role: 'primary', outcome: 'ok' }]
      },
    }),
  )
  expect(figures.fallback_coverage).toBe(1)
  const saved = (figures.fallback_generations ?? 0) / (figures.requests_total ?? 1)
  expect(saved).toBeCloseTo(0.16, 4)
})

test('a wait counts from the baseline on until the next answer of the session', () => {
  // Every session fails once, and its person is answered at the next request.
  const { figures } = figuresOf(
    steadyLedger({
      perS: 10,
      outageS: 600,
      decidedS: 36,
      script: (s) => (s < 40 ? FAILED : FALLBACK),
    }),
  )
  // Sessions come back after 500 s, long before the cut at 15 min.
  expect(figures.disruption_p50).toBeCloseTo(500, 0)
})

test('a ledger without a failover has nothing to compare', () => {
  expect(() => figuresOf([])).toThrow('no failover')
})
