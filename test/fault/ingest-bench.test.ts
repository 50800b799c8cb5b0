import { expect, onTestFinished, test } from 'vitest'
import { NAIVE_TARGET } from '../../src/bench/ingest.ts'
import { measureRun } from '../../src/bench/measured-run.ts'
import { startTarget } from '../../src/bench/target.ts'

// A second of what `npm run bench -- ingest` does for minutes.

test.for([
  { name: 'the real server', target: {} },
  { name: 'the naive pipeline', target: NAIVE_TARGET },
])('$name stores a short load once, and its figures are sane', async ({ target: options }) => {
  const target = await startTarget(options)
  onTestFinished(target.stop)
  const order = {
    ...{ connections: 4, durationMs: 1_000, spansPerS: 4_000 },
    ...({ spansPerRequest: 100, encoding: 'protobuf', isGzip: true } as const),
  }
  const figures = await measureRun(target, { order, warmUpMs: 100 })
  const fate = { lost_spans: 0, doubled_spans: 0, refused_requests: 0, unanswered_spans: 0 }
  expect(figures).toMatchObject(fate)
  expect(figures.spans_stored).toBeGreaterThan(0)
  expect(figures.spans_stored).toBeLessThanOrEqual(4_000)
  expect(figures.spans_per_s).toBeLessThanOrEqual(figures.accepted_spans_per_s)
  for (const name of [
    ...(['spans_per_s', 'cpu_s_per_million_spans_load', 'answer_p50_ms', 'parts'] as const),
    ...(['cpu_s_per_million_spans_server', 'cpu_s_per_million_spans_database'] as const),
    ...(['peak_bytes_server', 'peak_bytes_database', 'bytes_stored_per_span'] as const),
  ])
    expect(figures[name], name).toBeGreaterThan(0)
  expect(figures.peak_bytes_together).toBeGreaterThan(figures.peak_bytes_server)
  expect(figures.answer_p99_ms).toBeGreaterThanOrEqual(figures.answer_p50_ms)
})
