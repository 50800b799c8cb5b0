import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest'
import { AppError } from '../../src/lib/errors.ts'
import { createTurnedClock, type TurnedClock } from '../../src/lib/turned-clock.ts'
import type { TakenRequest } from '../../src/model/otlp.ts'
import type { NativeLoad } from '../../src/store/native-load.ts'
import { createWriteLog, type WriteLog } from '../../src/store/write-log.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createOpenIds, readIds } from './native-blocks.ts'

/** A log in a folder of its own per test, over a table that fails as it is told. */
export const folder = { dir: '' }

/** For each file to call: hooks of a module that several files share would be those of the first. */
export function useLogFolder(): void {
  beforeEach(() => {
    folder.dir = mkdtempSync(join(tmpdir(), 'signalbox-log-'))
  })
  afterEach(() => rmSync(folder.dir, { recursive: true, force: true }))
}

export type Sink = ReturnType<typeof createSink>

/** Tables that remember tokens, as ClickHouse does. */
export function createSink() {
  const rows: string[] = []
  const tokens = new Set<string>()
  const calls: string[] = []
  return {
    rows,
    calls,
    failing: undefined as ((load: NativeLoad, ids: string[]) => Error | undefined) | undefined,
    /** Rejects after storing: the answer got lost. */
    losesAnswer: false,
    async load(load: NativeLoad) {
      calls.push(load.token)
      const { from = 0, byteCount } = load.part ?? {}
      if (!existsSync(load.file)) throw refused()
      const bytes = readFileSync(load.file)
      const ids = readIds(bytes.subarray(from, from + (byteCount ?? bytes.length)))
      const fault = this.failing?.(load, ids)
      if (fault) throw fault
      if (!tokens.has(load.token)) for (const id of ids) rows.push(`${load.table}:${id}`)
      tokens.add(load.token)
      if (this.losesAnswer) throw new AppError('CLICKHOUSE_UNAVAILABLE', 'socket hang up')
    },
  }
}

export const unavailable = () => new AppError('CLICKHOUSE_UNAVAILABLE', 'connection refused')
export const refused = () => new AppError('CLICKHOUSE_QUERY_FAILED', 'cannot parse')

export function openLog(sink: Sink = createSink(), bytesMax = 1 << 20, groupEveryMs = 0) {
  const clock = createTurnedClock(Date.now())
  const telemetry = createSilentTelemetry()
  const open = createOpenIds()
  const log = createWriteLog({
    ...{ dir: folder.dir, clock, bytesMax, groupEveryMs },
    events: createStoreEvents(telemetry),
    seal: open.seal,
    load: (load) => sink.load(load),
  })
  const count = async (name: string) =>
    (await telemetry.registry.getSingleMetric(name)?.get())?.values.reduce(
      (n, { value }) => n + value,
      0,
    )
  onTestFinished(() => quit(log, clock))
  const append = (spec: string, taken?: TakenRequest) => log.append(open.enter(spec, taken))
  return { log, append, clock, sink, count, open }
}

/** What a test left as a killed process would, but for its open files. */
async function quit(log: WriteLog, clock: TurnedClock): Promise<void> {
  let isStopped = false
  void log.stop().then(() => {
    isStopped = true
  })
  while (!isStopped) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.turn(1_000)
  }
}

export const files = (suffix: string) =>
  readdirSync(folder.dir).filter((name) => name.endsWith(suffix))
export const journals = () => files('.log')

/** Turns the clock until `isDone`, letting real I/O happen in between. */
export async function turnUntil(clock: { turn(ms: number): void }, isDone: () => boolean) {
  for (let i = 0; i < 1_000 && !isDone(); i++) {
    clock.turn(100)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(isDone()).toBe(true)
}

/** Lets real I/O happen without time passing. */
export async function until(isDone: () => boolean) {
  await expect.poll(isDone, { timeout: 5_000, interval: 2 }).toBe(true)
}
