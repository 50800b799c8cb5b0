import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { type DatabaseProcess, launchDatabase } from './database-process.ts'

// The embedded ClickHouse runs in a child process, so that neither a crash nor a heavy query can
// stop detection. It is started again whenever it dies, on the same port and with the same
// password, so that the URL stays good; the password stays for the life of the directory, so that
// a Grafana that was given it keeps working.

export interface EmbeddedClickHouse extends Part {
  /** `http://user:password@127.0.0.1:port/database`; known once started. */
  readonly url: string
  /** Of the child that runs now, if one does. */
  readonly pid: number | undefined
}

export interface EmbeddedClickHouseOptions {
  /** A directory of its own: holds `db`, `tmp` and `password`. */
  readonly dataDir: string
  /** 0 takes any free port, and keeps it. */
  readonly port: number
  readonly clock: Clock
  readonly events: Pick<
    StoreEvents,
    'databaseStarted' | 'databaseDied' | 'databaseStartFailed' | 'databaseStopped'
  >
  readonly startTimeoutMs?: number
}

const USER = 'signalbox'
const DATABASE = 'signalbox'
const RESTART_DELAY_MS_FIRST = 250
const RESTART_DELAY_MS_MAX = 10_000
const PROBE_EVERY_MS = 10_000
const PROBE_SILENCE_MS_MAX = 60_000
const STOP_GRACE_MS = 2_000
/** The child of a process that was killed needs a moment to notice, and to let go of the lock. */
const LOCK_PATIENCE_MS = 2_000

export function createEmbeddedClickHouse(options: EmbeddedClickHouseOptions): EmbeddedClickHouse {
  const { dataDir, clock, events } = options
  let port = options.port
  let password = ''
  let running: DatabaseProcess | undefined
  let stopping: AbortController | undefined
  let supervision: Promise<void> | undefined

  const launch = async () => {
    const startMs = clock.monotonicMs()
    const order = { type: 'start', dir: dataDir, port, user: USER, password, database: DATABASE }
    const database = await launchDatabase({
      order: { ...order, type: 'start' },
      clock,
      startTimeoutMs: options.startTimeoutMs ?? 30_000,
    })
    port = database.port
    running = database
    events.databaseStarted({ pid: database.pid, durationMs: clock.monotonicMs() - startMs })
    return database
  }

  /** Starts it again until it stands, with growing pauses. Gives up only when stopped. */
  const relaunch = async (signal: AbortSignal): Promise<DatabaseProcess | undefined> => {
    let delayMs = RESTART_DELAY_MS_FIRST
    while (!signal.aborted) {
      await clock.sleep(delayMs, signal).catch(() => {})
      if (signal.aborted) return undefined
      delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX)
      try {
        const database = await launch()
        if (!signal.aborted) return database
        await database.stop(STOP_GRACE_MS)
      } catch (fault) {
        events.databaseStartFailed({ reason: (fault as Error).message, nextTryMs: delayMs })
      }
    }
    return undefined
  }

  const supervise = async (first: DatabaseProcess, signal: AbortSignal) => {
    let database: DatabaseProcess | undefined = first
    while (database) {
      const startedMs = clock.monotonicMs()
      const cancel = watch(database, clock)
      const reason = await database.died
      cancel()
      running = undefined
      if (signal.aborted) return
      events.databaseDied({ reason, uptimeMs: clock.monotonicMs() - startedMs })
      database = await relaunch(signal)
    }
  }

  return {
    name: 'embedded-clickhouse',
    async start() {
      password = readPassword(dataDir)
      const controller = new AbortController()
      stopping = controller
      supervision = supervise(await launchPatiently(launch, clock), controller.signal)
    },
    async stop() {
      stopping?.abort()
      await running?.stop(STOP_GRACE_MS)
      await supervision
      if (stopping) events.databaseStopped()
      running = stopping = supervision = undefined
    },
    get url() {
      return `http://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`
    },
    get pid() {
      return running?.pid
    },
  }
}

/** Waits out a lock that a dying process still holds; what is locked for longer is really in use. */
async function launchPatiently(
  launch: () => Promise<DatabaseProcess>,
  clock: Clock,
): Promise<DatabaseProcess> {
  const startMs = clock.monotonicMs()
  for (;;) {
    try {
      return await launch()
    } catch (fault) {
      const isLocked = fault instanceof AppError && fault.code === 'DATA_DIR_LOCKED'
      if (!isLocked || clock.monotonicMs() - startMs > LOCK_PATIENCE_MS) throw fault
    }
  }
}

/** Kills a child whose engine has stopped answering; it is then started again like any dead one. */
function watch(database: DatabaseProcess, clock: Clock) {
  return clock.every(PROBE_EVERY_MS, () => {
    if (clock.monotonicMs() - database.answeredMs > PROBE_SILENCE_MS_MAX) database.kill()
    else database.probe()
  })
}

function readPassword(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'password')
  try {
    const known = readFileSync(file, 'utf8').trim()
    if (known !== '') return known
  } catch (fault) {
    if ((fault as { code?: string }).code !== 'ENOENT') throw fault
  }
  const password = randomBytes(18).toString('base64url')
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
  return password
}
