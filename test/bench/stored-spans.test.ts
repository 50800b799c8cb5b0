import { expect, onTestFinished, test } from 'vitest'
import { fateFigures } from '../../src/bench/measured-run.ts'
import { countStored, drain } from '../../src/bench/stored-spans.ts'
import { startDatabase } from '../store/database.ts'

test('spans that are missing or there twice are found, in the real database', async () => {
  const { clickhouse, stop } = await startDatabase()
  onTestFinished(stop)
  const insert = (ids: readonly string[]) =>
    clickhouse.insert({
      table: 'otel_traces',
      rows: ids.map((SpanId) => ({ SpanId, Timestamp: new Date().toISOString() })),
      token: ids.join(),
    })
  const fateOf = async (acceptedSpanCount: number) =>
    await fateFigures(clickhouse, {
      report: { acceptedSpanCount, unansweredSpanCount: 0, refusedCount: 0 },
      stored: await countStored(clickhouse),
    })
  await insert(Array.from({ length: 100 }, (_, id) => id.toString(16).padStart(16, '0')))
  expect(await fateOf(100)).toMatchObject({ lost_spans: 0, doubled_spans: 0 })
  expect(await fateOf(103)).toMatchObject({ lost_spans: 3, doubled_spans: 0 })
  await insert(['0000000000000007', '0000000000000063'])
  expect(await fateOf(100)).toMatchObject({ lost_spans: 0, doubled_spans: 2 })
  // As many as were accepted, but not the same ones.
  expect(await fateOf(102)).toMatchObject({ lost_spans: 2, doubled_spans: 2 })
  expect(await drain(clickhouse, { count: 103, msMax: 0 })).toMatchObject({ storedCount: 102 })
})
