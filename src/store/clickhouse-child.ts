import { mkdirSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Engine, openEngine } from './clickhouse-engine.ts'
import { createClickHouseHttp } from './clickhouse-http.ts'

// The process of the embedded ClickHouse, forked by embedded-clickhouse.ts. It lives and dies with
// its parent: everything it needs comes by message (a password on a command line could be read by
// anyone), and it is gone at once when the channel closes, so that the directory lock is free.

/** Parent to child. */
export type ChildOrder =
  | {
      readonly type: 'start'
      readonly dir: string
      readonly port: number
      readonly user: string
      readonly password: string
      readonly database: string
    }
  | { readonly type: 'probe' }
  | { readonly type: 'stop' }

/** Child to parent. */
export type ChildReport =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'alive' }
  | { readonly type: 'fault'; readonly code: string | number | undefined; readonly message: string }

const ACTIVE_MAX = 12
const BODY_BYTES_MAX = 256 << 20

let engine: Engine | undefined
let server: ReturnType<typeof createClickHouseHttp> | undefined

const report = (message: ChildReport) => process.send?.(message)

async function start(order: Extract<ChildOrder, { type: 'start' }>) {
  const temporaryDir = join(order.dir, 'tmp')
  const dataDir = join(order.dir, 'db')
  engine = await openEngine({ dataDir, temporaryDir, database: order.database })
  // Only now: before, it may be another process's.
  rmSync(temporaryDir, { recursive: true, force: true })
  mkdirSync(temporaryDir, { recursive: true, mode: 0o700 })
  const listening = createClickHouseHttp({
    engine,
    user: order.user,
    password: order.password,
    activeMax: ACTIVE_MAX,
    waitingMax: 200,
    bodyBytesMax: BODY_BYTES_MAX,
  })
  server = listening
  listening.on('error', fail)
  listening.listen(order.port, '127.0.0.1', () => {
    report({ type: 'ready', port: (listening.address() as AddressInfo).port })
  })
}

/** Proves that the engine itself answers: a crash inside it may leave the process standing. */
async function probe() {
  await engine?.run({
    queryText: 'SELECT 1',
    body: Buffer.alloc(0),
    parameters: new Map(),
    settings: new Map(),
    database: undefined,
    defaultFormat: undefined,
    isReadOnly: true,
    queryId: undefined,
  })
  report({ type: 'alive' })
}

/** Lets running requests end; the parent kills what takes too long. */
async function stop() {
  server?.closeIdleConnections()
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  await engine?.close()
  process.exit(0)
}

function fail(fault: unknown) {
  const { code, message } = fault as { code?: string | number; message?: string }
  report({ type: 'fault', code, message: message ?? String(fault) })
  process.exitCode = 1
  setTimeout(() => process.exit(1), 100)
}

process.on('message', (order: ChildOrder) => {
  if (order.type === 'start') start(order).catch(fail)
  else if (order.type === 'stop') stop().catch(fail)
  // A probe that fails is no answer, and the parent's deadline decides.
  else probe().catch(() => {})
})
// Not process.exit: its handlers wait for running statements. Killed data is safe data.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// Ctrl-C and service managers signal the whole group; the parent decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
