import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { ChildOrder, ChildReport } from './clickhouse-child.ts'

// One life of the child process: fork, start, death. Who starts it again is embedded-clickhouse.ts.

export interface DatabaseProcess {
  readonly pid: number | undefined
  readonly port: number
  /** Resolves with the reason when it is gone, for whatever cause. */
  readonly died: Promise<string>
  /** Asks the engine for an answer; `answeredMs` tells when it last gave one. */
  probe(): void
  /** Monotonic. */
  readonly answeredMs: number
  /** Lets running requests end, then kills; resolves when the process is gone. */
  stop(graceMs: number): Promise<void>
  kill(): void
}

export interface LaunchOptions {
  readonly order: Extract<ChildOrder, { type: 'start' }>
  readonly clock: Clock
  /** Opening a large directory takes seconds; a crash inside the engine can hang it for minutes. */
  readonly startTimeoutMs: number
}

/**
 * How the engine's allocator (jemalloc, under the prefix of its build) gives memory back. A load
 * takes a few hundred megabytes once a second, which the defaults returned in between: blocks over
 * 64 MiB at once, all else after five seconds. Fetching them again was 125,000 page faults and 0.25
 * CPU-seconds per million spans, one in nine of the database's; now it is 20,000.
 */
const ALLOCATOR = 'oversize_threshold:0,dirty_decay_ms:30000'

/** Always the compiled child, also when this file runs as TypeScript. */
const CHILD_FILE = fileURLToPath(new URL('../../dist/store/clickhouse-child.js', import.meta.url))

/**
 * Resolves when the child serves.
 *
 * @throws AppError PORT_IN_USE, DATA_DIR_LOCKED or CLICKHOUSE_UNAVAILABLE; then no process is left
 */
export async function launchDatabase(options: LaunchOptions): Promise<DatabaseProcess> {
  const { clock } = options
  const child = fork(CHILD_FILE, [], {
    execArgv: [],
    // A running statement holds a libuv thread; times are UTC on every machine.
    env: { UV_THREADPOOL_SIZE: '16', TZ: 'UTC', JE_MALLOC_CONF: ALLOCATOR },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const died = watchDeath(child)
  let answeredMs = clock.monotonicMs()
  const send = (order: ChildOrder) => {
    if (child.connected) child.send(order, () => {})
  }
  try {
    send(options.order)
    const port = await untilReady(child, { ...options, died })
    child.on('message', (report: ChildReport) => {
      if (report.type === 'alive') answeredMs = clock.monotonicMs()
    })
    return {
      pid: child.pid,
      port,
      died,
      probe: () => send({ type: 'probe' }),
      get answeredMs() {
        return answeredMs
      },
      async stop(graceMs) {
        send({ type: 'stop' })
        const cancel = clock.after(graceMs, () => child.kill('SIGKILL'))
        await died
        cancel()
      },
      kill: () => child.kill('SIGKILL'),
    }
  } catch (fault) {
    child.kill('SIGKILL')
    await died
    throw fault
  }
}

/** The exit code or signal, with the last words on stderr. */
function watchDeath(child: ChildProcess): Promise<string> {
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-2_000)
  })
  return new Promise((resolve) => {
    // A failed fork has no exit; a failed send or kill comes before one.
    child.on('error', (fault) => {
      if (child.pid === undefined) resolve(fault.message)
    })
    child.on('close', (code, signal) =>
      resolve([signal ?? `exit code ${code}`, words.trim()].filter(Boolean).join(': ')),
    )
  })
}

interface ReadyOptions extends LaunchOptions {
  readonly died: Promise<string>
}

function untilReady(child: ChildProcess, options: ReadyOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      cancel()
      reject(new AppError('CLICKHOUSE_UNAVAILABLE', `the embedded ClickHouse ${reason}`))
    }
    const cancel = options.clock.after(options.startTimeoutMs, () =>
      fail(`was not ready after ${options.startTimeoutMs} ms`),
    )
    let hasReported = false
    void options.died.then((reason) => hasReported || fail(`ended at its start: ${reason}`))
    child.on('message', (report: ChildReport) => {
      hasReported = true
      if (report.type === 'ready') {
        cancel()
        resolve(report.port)
      } else if (report.type === 'fault') {
        // The engine gives its reason on stderr only.
        void options.died.then((words) => {
          cancel()
          reject(toAppError({ ...report, words }, options.order))
        })
      }
    })
  })
}

function toAppError(
  { code, message, words }: Extract<ChildReport, { type: 'fault' }> & { readonly words: string },
  { port, dir }: LaunchOptions['order'],
): AppError {
  if (code === 'EADDRINUSE') {
    return new AppError(
      'PORT_IN_USE',
      `port ${port} is taken; set SIGNALBOX_CLICKHOUSE_PORT to another one, or to 0 for any`,
    )
  }
  if (/Cannot lock file/.test(message + words)) {
    return new AppError(
      'DATA_DIR_LOCKED',
      `another process has the database in ${dir} open; stop it first, or set SIGNALBOX_DATA_DIR`,
    )
  }
  return new AppError(
    'CLICKHOUSE_UNAVAILABLE',
    `the embedded ClickHouse failed: ${message} (${words})`,
  )
}
