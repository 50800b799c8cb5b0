import { expect, test } from 'vitest'
import { benchOutage } from '../../src/bench/outage.ts'
import { figuresOf } from './figures.ts'

test('20 s without the database: senders are answered as before, and all is stored once', async () => {
  const figures = await figuresOf(benchOutage, { seconds: 20, spansPerS: 5_000 })
  const fate = { lost_spans: 0, doubled_spans: 0, refused_requests: 0, unanswered_spans: 0 }
  expect(figures).toMatchObject(fate)
  const during = figures.during as Readonly<Record<string, number>>
  expect(during.accepted_spans).toBeGreaterThan(50_000)
  expect(during.answer_p99_ms).toBeLessThan(3_000)
  expect(figures.log_bytes_grown).toBeGreaterThan(10e6)
  expect(figures.caught_up_after_ms).toBeLessThan(60_000)
})
