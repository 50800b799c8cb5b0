import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBacktester } from '../backtest/backtester.ts'
import { createLiveAlerts } from '../config/live-alerts.ts'
import { packagePath } from '../config/package-files.ts'
import { loadSettings } from '../config/settings.ts'
import type { Decoder } from '../decode/decoder.ts'
import { createSystemClock } from '../lib/clock.ts'
import type { BacktestResult } from '../model/backtest.ts'
import { type ClickHouse, createClickHouse } from '../store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../store/embedded-clickhouse.ts'
import { migrate } from '../store/migrate.ts'
import { createStoreEvents } from '../telemetry/store-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { createBenchDecoder } from './bench-decoder.ts'
import type { BenchOptions } from './bench-options.ts'
import { readUsage } from './machine.ts'
import { OUTAGE_MS, outageRequests } from './outage-spans.ts'
import { medianOf, round } from './statistics.ts'

const SPANS = 4_600_000
const START_UNIX_MS = Date.UTC(2026, 0, 11, 14, 14)
/** As the log closes a segment about once a second. */
const SPANS_PER_LOAD = 250_000

/**
 * Back-test of the shipped rules over an outage of 26 min: its spans are decoded and loaded as those
 * that arrive, then read back and judged. Reading includes the embedded database.
 */
export async function benchBacktest(options: BenchOptions): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-backtest-'))
  const clock = createSystemClock()
  const events = createStoreEvents(createSilentTelemetry())
  const database = createEmbeddedClickHouse({
    dataDir: join(dir, 'clickhouse'),
    port: 0,
    clock,
    events,
  })
  await database.start()
  const clickhouse = createClickHouse({ url: database.url, readsFiles: true })
  try {
    await migrate(clickhouse, { retentionMs: 3_650 * 86_400_000 })
    const setup = createSetup()
    const spanCount = Math.round(SPANS * Math.min(1, options.seconds / 60))
    options.progress(`storing ${spanCount} spans…`)
    const stored = await store({ decoder: setup.decoder, clickhouse, dir, spanCount })
    const backtester = createBacktester({
      ...{
        alerts: setup.live.alerts,
        settings: setup.settings,
        latenessMs: 10_000,
        speed: 1,
        clock,
      },
      ...{ clickhouseUrl: () => database.url, flush: async () => {} },
    })
    const runs: Run[] = []
    for (let run = 0; run < options.runCount; run++) {
      const before = readUsage(database.pid ?? 0)
      const answer = await backtester.run({
        fromUnixMs: START_UNIX_MS,
        toUnixMs: START_UNIX_MS + OUTAGE_MS,
      })
      if (answer.status !== 'ok') throw new Error(JSON.stringify(answer))
      const after = readUsage(database.pid ?? 0)
      runs.push({ result: answer.result, databaseCpuS: after.cpuS - before.cpuS })
      options.progress(`replayed in ${answer.result.took_s} s`)
    }
    options.emit({ ...stored, ...figuresOf(runs, stored.spans) })
  } finally {
    await clickhouse.close()
    await database.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

function createSetup() {
  const settings = loadSettings({})
  const live = createLiveAlerts({ dir: packagePath('alerts'), env: {} })
  const rules = () => live.alerts().rules
  const decoder = createBenchDecoder({ settings, rules, topology: live.topology })
  return { settings, live, decoder }
}

interface StoreOptions {
  readonly decoder: Decoder
  readonly clickhouse: ClickHouse
  readonly dir: string
  readonly spanCount: number
}

async function store({ decoder, clickhouse, dir, spanCount }: StoreOptions) {
  const startMs = performance.now()
  let spans = 0
  let waiting = 0
  let number = 0
  const load = async () => {
    for (const { table, columns, chunks } of decoder.seal()) {
      const file = join(dir, 'block.native')
      await writeFile(file, chunks)
      await clickhouse.load({ table, columns, file, token: `${table}-${number++}` })
    }
    waiting = 0
  }
  for (const request of outageRequests({ spanCount, startUnixMs: START_UNIX_MS })) {
    const decoded = decoder.decode({ ...request, signal: 'traces', encoding: 'protobuf' })
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    spans += request.spanCount
    waiting += request.spanCount
    if (waiting >= SPANS_PER_LOAD) await load()
  }
  await load()
  return { spans, stored_s: round((performance.now() - startMs) / 1_000) }
}

interface Run {
  readonly result: BacktestResult
  readonly databaseCpuS: number
}

function figuresOf(runs: readonly Run[], spans: number) {
  const of = (read: (run: Run) => number) => medianOf(runs.map(read))
  const tookS = of(({ result }) => result.took_s)
  const first = runs[0]?.result
  const trips = first?.rules.flatMap(({ rule, trips }) =>
    trips.map(({ fired_at }) => [rule, fired_at]),
  )
  return {
    took_s: tookS,
    spans_per_s: Math.round(spans / tookS),
    cpu_s: round(of(({ result, databaseCpuS }) => result.cpu_s + databaseCpuS)),
    cpu_s_replay: of(({ result }) => result.cpu_s),
    cpu_s_database: round(of(({ databaseCpuS }) => databaseCpuS)),
    observations: first?.observations,
    batches: first?.batches,
    trips,
    runs: runs.length,
  }
}
