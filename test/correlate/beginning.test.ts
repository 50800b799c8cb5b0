import { expect, test } from 'vitest'
import type { Onset } from '../../src/model/verdict.ts'
import { transitionOf, verdictOf } from './fakes.ts'
import { startCorrelator } from './start-correlator.ts'

const onsetOf = (atUnixMs: number, more: Partial<Onset> = {}): Onset => ({
  atUnixMs,
  uncertaintyMs: 1_000,
  baselineRatio: 0.001,
  detectUnixMs: atUnixMs + 36_000,
  from: 'cusum',
  ...more,
})

const began = (incident: { timeline: readonly { kind: string; at: string; text: string }[] }) =>
  incident.timeline.filter(({ kind }) => kind === 'onset')

test('an incident begins at the onset of its cause, and says so', async () => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  correlator.verdict(verdictOf(now, { onset: onsetOf(now - 36_000) }))
  const [incident] = correlator.list()
  expect(incident).toMatchObject({
    t0: '2026-01-11T13:59:24.000Z',
    opened_at: '2026-01-11T14:00:00.000Z',
  })
  expect(began(incident!)).toEqual([
    {
      at: '2026-01-11T13:59:24.000Z',
      clock: 'event',
      kind: 'onset',
      text: 'Began at 13:59:24 (± 1 s), 36 s before it was recognised',
      evidence: {
        from: 'cusum',
        uncertainty_s: 1,
        baseline_ratio: 0.001,
        recognised_at: '2026-01-11T14:00:00.000Z',
      },
    },
  ])
  // Rows are by time, so it stands first.
  expect(incident!.timeline[0]?.kind).toBe('onset')
})

test.for([
  { uncertaintyMs: 1_037, ms: 36_400, text: '(± 1 s), 36 s before' },
  { uncertaintyMs: 1_250, ms: 119_000, text: '(± 1.3 s), 119 s before' },
  { uncertaintyMs: 60_000, ms: 252_000, text: '(± 60 s), 4 min 12 s before' },
  { uncertaintyMs: 10_000, ms: 600_000, text: '(± 10 s), 10 min before' },
])('$ms ms ± $uncertaintyMs ms reads $text', async ({ uncertaintyMs, ms, text }) => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  const onset = onsetOf(now - ms, { uncertaintyMs, detectUnixMs: now })
  correlator.verdict(verdictOf(now, { onset }))
  expect(began(correlator.list()[0]!)[0]?.text).toContain(text)
})

test('one that was found before the route moved counts for the incident that the move opens', async () => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  const onset = onsetOf(now - 36_000)
  correlator.verdict(verdictOf(now, { severity: 'warning', onset }))
  clock.turn(1_000)
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  const [incident] = correlator.list()
  expect(incident?.t0).toBe('2026-01-11T13:59:24.000Z')
  expect(began(incident!)).toHaveLength(1)
})

test('the earliest onset counts, in one row, and the rest of an outage does not move it', async () => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  const tell = (rule: string, atUnixMs: number) =>
    correlator.verdict(verdictOf(clock.nowMs(), { rule, onset: onsetOf(atUnixMs) }))
  tell('primary-failing-fast', now - 10_000)
  tell('primary-failing', now - 12_000)
  clock.turn(300_000)
  tell('fallback-failing', now + 200_000)
  const [incident] = correlator.list()
  expect(incident?.t0).toBe('2026-01-11T13:59:48.000Z')
  expect(began(incident!).map(({ at }) => at)).toEqual(['2026-01-11T13:59:48.000Z'])
})

test('an onset goes before other signs, which stay in the timeline; without one, the first sign counts', async () => {
  const tell = async (onset?: Onset) => {
    const { correlator, clock } = await startCorrelator()
    const now = clock.nowMs()
    const queue = { rule: 'queue-grows', severity: 'warning', title: 'queue' } as const
    correlator.verdict(verdictOf(now - 120_000, queue))
    correlator.verdict(verdictOf(now, onset ? { onset } : {}))
    const [incident] = correlator.list()
    expect(incident?.timeline.map(({ text }) => text)).toContain('queue')
    return incident?.t0
  }
  const now = Date.UTC(2026, 0, 11, 14)
  expect(await tell(onsetOf(now - 36_000))).toBe('2026-01-11T13:59:24.000Z')
  expect(await tell()).toBe('2026-01-11T13:58:00.000Z')
})

test('what failed for long before it joined is another matter; so is what began after the opening', async () => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  correlator.verdict(verdictOf(now - 5_000))
  const tell = (rule: string, atUnixMs: number) =>
    correlator.verdict(verdictOf(clock.nowMs(), { rule, onset: onsetOf(atUnixMs) }))
  tell('edge-flaky', now - 3_000_000)
  expect(correlator.list()[0]?.t0).toBe('2026-01-11T13:59:55.000Z')
  clock.turn(60_000)
  tell('edge-failing', now + 30_000)
  expect(correlator.list()[0]?.t0).toBe('2026-01-11T13:59:55.000Z')
})

test('the cause itself may have begun up to an hour before', async () => {
  const { correlator, clock } = await startCorrelator()
  const now = clock.nowMs()
  correlator.verdict(verdictOf(now, { onset: onsetOf(now - 2_400_000) }))
  expect(correlator.list()[0]?.t0).toBe('2026-01-11T13:20:00.000Z')
})

test('a restart of the process keeps it', async () => {
  const first = await startCorrelator()
  const now = first.clock.nowMs()
  first.correlator.verdict(verdictOf(now, { onset: onsetOf(now - 36_000) }))
  const second = await startCorrelator({ store: first.store, clock: first.clock })
  second.correlator.verdict(verdictOf(now, { rule: 'other', onset: onsetOf(now - 20_000) }))
  const [incident] = second.correlator.list()
  expect(incident?.t0).toBe('2026-01-11T13:59:24.000Z')
  expect(began(incident!)).toHaveLength(1)
})
