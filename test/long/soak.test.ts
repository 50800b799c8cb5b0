import { expect, test } from 'vitest'
import { benchSoak } from '../../src/bench/soak.ts'
import { figuresOf } from './figures.ts'

test('20 s of a steady load: all stored once, and soon, and no memory that grows without end', async () => {
  const figures = await figuresOf(benchSoak, { seconds: 20, spansPerS: 5_000 })
  const fate = { lost_spans: 0, doubled_spans: 0, refused_requests: 0, unanswered_spans: 0 }
  expect(figures).toMatchObject(fate)
  // Of 100,000 offered, where the machine has the time for them.
  expect(figures.spans_stored).toBeGreaterThan(50_000)
  expect(figures.lag_until_queryable_max_ms).toBeLessThan(15_000)
  expect(figures.parts_max).toBeLessThan(100)
  expect(figures.samples).toSatisfy((samples: unknown[]) => samples.length >= 10)
  // Far more than caches need to fill, and what a leak of whole requests would take.
  expect(figures.peak_bytes_server).toBeLessThan(800e6)
  expect(figures.peak_bytes_database).toBeLessThan(1_500e6)
})
