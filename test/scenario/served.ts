import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import type { Addresses } from '../../src/model/addresses.ts'

/** The compiled server as people run it: a process of its own, on free ports, in a folder of its own. */
export interface Served {
  readonly addresses: Addresses
  readonly dataDir: string
  readonly readyFile: string
  readonly child: ChildProcess
  /** Everything printed so far. */
  output(): string
  get(path: string): Promise<Response>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  sql<T>(query: string): Promise<T[]>
  /** Sends the signal and resolves to exit code and how long it took. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }>
}

export interface ServeOptions {
  readonly dataDir?: string
  readonly alertsDir?: string
  readonly env?: Record<string, string>
  readonly args?: readonly string[]
}

export const newFolder = () => mkdtempSync(join(tmpdir(), 'signalbox-'))

/** Starts `signalbox ARGS` and waits for nothing. */
export function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    env: { ...process.env, SIGNALBOX_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => output, exited }
}

export async function serve(options: ServeOptions = {}): Promise<Served> {
  const dataDir = options.dataDir ?? newFolder()
  const readyFolder = newFolder()
  const readyFile = join(readyFolder, 'ready.json')
  const { child, output, exited } = run(
    ['serve', '--ready-file', readyFile, ...(options.args ?? [])],
    {
      SIGNALBOX_DATA_DIR: dataDir,
      SIGNALBOX_PORT: '0',
      SIGNALBOX_OTLP_HTTP_PORT: '0',
      SIGNALBOX_OTLP_GRPC_PORT: '0',
      ...(options.alertsDir !== undefined && { SIGNALBOX_ALERTS_DIR: options.alertsDir }),
      ...options.env,
    },
  )
  await Promise.race([
    appears(readyFolder, readyFile),
    exited.then((code) => {
      throw new Error(`ended with ${code} before it was ready:\n${output()}`)
    }),
  ])
  const addresses = JSON.parse(readFileSync(readyFile, 'utf8')) as Addresses
  const client = createClient({ url: addresses.clickhouse })
  return {
    addresses,
    dataDir,
    readyFile,
    child,
    output,
    get: (path) => fetch(`${addresses.http}${path}`),
    post: (path, body, headers = {}) =>
      fetch(`${addresses.http}${path}`, {
        method: 'POST',
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    sql: async <T>(query: string) =>
      (await client.query({ query, format: 'JSONEachRow' })).json<T>(),
    async end(signal = 'SIGTERM') {
      const startMs = performance.now()
      await client.close()
      child.kill(signal)
      return { code: await exited, tookMs: performance.now() - startMs }
    },
  }
}

async function appears(folder: string, file: string): Promise<void> {
  const watching = new AbortController()
  await new Promise<void>((resolve) => {
    const look = () => {
      if (existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')) resolve()
    }
    watch(folder, { signal: watching.signal }, look)
    look()
  })
  watching.abort()
}
