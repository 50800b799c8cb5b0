import { AppError } from '../lib/errors.ts'
import type { BacktestResult } from '../model/backtest.ts'
import { createClickHouse } from '../store/clickhouse.ts'
import { createRecorded } from '../store/recorded.ts'
import { type FixtureOrder, recordFixture } from './fixture.ts'
import { type BacktestOrder, runBacktest } from './run.ts'

// The process of one back-test, forked by backtester.ts: it takes a core for as long as it needs, and
// neither ingest nor detection wait for it. It is gone when its parent is.

/** Parent to child, once. */
export interface ChildOrder {
  readonly clickhouseUrl: string
  readonly order: BacktestOrder
  readonly fixture: FixtureOrder | undefined
}

/** Child to parent. */
export type ChildReport =
  | { readonly type: 'progress'; readonly doneRatio: number }
  | { readonly type: 'done'; readonly result: BacktestResult }
  | { readonly type: 'failed'; readonly reason: string }

const report = (message: ChildReport) => process.send?.(message)

async function run({ clickhouseUrl, order, fixture: wanted }: ChildOrder): Promise<BacktestResult> {
  const startMs = performance.now()
  const clickhouse = createClickHouse({ url: clickhouseUrl })
  try {
    const recording = wanted && recordFixture(wanted, order)
    const result = await runBacktest(order, {
      recorded: createRecorded(clickhouse),
      progress: (doneRatio) => report({ type: 'progress', doneRatio }),
      ...(recording && { seen: recording.seen }),
    })
    const fixture = recording?.render(result)
    const { user, system } = process.cpuUsage()
    return {
      ...result,
      took_s: Math.round(performance.now() - startMs) / 1_000,
      cpu_s: Math.round((user + system) / 1_000) / 1_000,
      ...(fixture !== undefined && { fixture }),
    }
  } finally {
    await clickhouse.close()
  }
}

process.once('message', (order: ChildOrder) => {
  run(order)
    .then((result) => report({ type: 'done', result }))
    .catch((fault: unknown) => {
      const reason = fault instanceof AppError ? fault.message : String((fault as Error).stack)
      report({ type: 'failed', reason })
    })
    .finally(() => process.disconnect?.())
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C and service managers signal the whole group; the parent decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
