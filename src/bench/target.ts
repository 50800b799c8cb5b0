import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@clickhouse/client'
import { packagePath } from '../config/package-files.ts'
import { type Judged, readJudged } from './judged.ts'
import {
  type ProcessUsage,
  readChildPids,
  readMainThread,
  readUsage,
  type ThreadUsage,
} from './machine.ts'

// What is measured: a compiled server as people run it, a process of its own on free ports with a
// fresh data directory, and its embedded database, a child of it.

export interface Target {
  /** Of OTLP over HTTP. */
  readonly port: number
  /** Of the console and API. */
  readonly httpUrl: string
  readonly dataDir: string
  /** The database child that runs now; 0 when none does. */
  databasePid(): number
  usage(): Usage
  /** What its detector has judged since its start; nothing of a target that has none. */
  judged(): Promise<Judged>
  /** Rows of a SELECT in its database. @throws when that does not answer */
  query<T>(sql: string): Promise<T[]>
  /** Runs a statement in its database that gives no rows. @throws when it is refused */
  command(sql: string): Promise<void>
  /** Ends it, and removes its data. */
  stop(): Promise<void>
}

export interface Usage {
  readonly server: ProcessUsage
  readonly database: ProcessUsage
  /** In which the server decodes and judges. */
  readonly mainThread: ThreadUsage
}

export interface TargetOptions {
  /** Arguments of node, from the script on; `serve` of the real server by default. */
  readonly argsOf?: (places: TargetPlaces) => readonly string[]
  /** `SIGNALBOX_…` */
  readonly env?: Readonly<Record<string, string>>
  /** Of node. */
  readonly execArgv?: readonly string[]
}

interface TargetPlaces {
  readonly dataDir: string
  /** Where it says its addresses once it is ready. */
  readonly readyFile: string
}

const READY_MS_MAX = 60_000
const STOP_MS_MAX = 20_000
const QUERY_MS_MAX = 120_000

/** @throws when it ends before it is ready, or takes longer than a minute */
export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const dataDir = join(dir, 'data')
  const readyFile = join(dir, 'ready.json')
  const child = launch(options, { dataDir, readyFile })
  const discard = () => rmSync(dir, { recursive: true, force: true })
  // Also when this process is told to end in the middle of it.
  const abandon = () => {
    child.kill('SIGKILL')
    discard()
  }
  process.once('exit', abandon)
  const stop = async () => {
    await end(child)
    process.off('exit', abandon)
    discard()
  }
  try {
    const addresses = await untilReady(child, readyFile)
    const client = createClient({
      url: addresses.clickhouse,
      request_timeout: QUERY_MS_MAX,
      // Off: its advice on timeouts is about load balancers.
      log: { level: 127 as const },
    })
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 as const }
    const pid = child.pid ?? 0
    const databasePid = () => readChildPids(pid).at(-1) ?? 0
    return {
      port: Number(new URL(addresses.otlp_http).port),
      httpUrl: addresses.http,
      dataDir,
      databasePid,
      usage: () => ({
        server: readUsage(pid),
        database: readUsage(databasePid()),
        mainThread: readMainThread(pid),
      }),
      judged: () => readJudged(addresses.http),
      query: async <T>(query: string) =>
        await (await client.query({ query, format: 'JSONEachRow', clickhouse_settings })).json<T>(),
      async command(query) {
        await client.command({ query })
      },
      async stop() {
        await client.close()
        await stop()
      },
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const serverArgs = ({ readyFile }: TargetPlaces) => [
  packagePath('dist/main.js'),
  ...['serve', '--ready-file', readyFile],
]

function launch(options: TargetOptions, places: TargetPlaces): ChildProcess {
  const { argsOf = serverArgs, env = {}, execArgv = [] } = options
  // Nothing else of the environment: a setting of whoever runs this would change what is measured.
  const fixed = {
    SIGNALBOX_DATA_DIR: places.dataDir,
    SIGNALBOX_ALERTS_DIR: packagePath('alerts'),
    SIGNALBOX_PORT: '0',
    SIGNALBOX_OTLP_HTTP_PORT: '0',
    SIGNALBOX_OTLP_GRPC_PORT: '0',
    SIGNALBOX_LOG_LEVEL: 'silent',
  }
  return spawn(process.execPath, [...execArgv, ...argsOf(places)], {
    // A folder without a `signalbox.yaml`.
    cwd: tmpdir(),
    env: { ...fixed, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

interface ReadyAddresses {
  readonly http: string
  readonly otlp_http: string
  readonly clickhouse: string
}

async function untilReady(child: ChildProcess, readyFile: string): Promise<ReadyAddresses> {
  const endMs = performance.now() + READY_MS_MAX
  while (performance.now() < endMs) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}`)
    const text = readIfThere(readyFile)
    if (text.endsWith('\n')) return JSON.parse(text) as ReadyAddresses
    await sleep(50)
  }
  throw new Error(`the server was not ready within ${READY_MS_MAX} ms`)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  const exited = once(child, 'exit')
  child.kill()
  await exited
  clearTimeout(timer)
}
