import { rmSync, writeFileSync } from 'node:fs'
import { loadSettings } from '../config/settings.ts'
import { AppError, renderPlace } from '../lib/errors.ts'
import type { Addresses } from '../model/addresses.ts'
import type { Shell } from './shell.ts'

const STOP_MS_MAX = 5_000

export interface ServeOptions {
  readonly readyFile?: string
  readonly speed: number
}

/** Runs until it is told to stop; exit code 0 after a graceful stop, 1 when that took too long. */
export async function serve(options: ServeOptions, shell: Shell): Promise<number> {
  const startedMs = performance.now()
  const settings = loadSettings(shell.env)
  refuseOpenDoor(settings)
  const stopping = new Promise<void>((resolve) => shell.onStopSignal(resolve))
  // Loaded only here: the other commands start in a quarter of the time without it.
  const { createApp } = await import('../app.ts')
  const app = createApp({ settings, env: shell.env, speed: options.speed })
  const addresses = await app.start()
  shell.onReloadSignal(() => {
    const errors = app.reload()
    shell.write(
      errors.length === 0
        ? 'alerts reloaded\n'
        : `nothing was reloaded:\n${errors.map((one) => `  ${renderPlace(one)}\n`).join('')}`,
    )
  })
  shell.write(
    renderWelcome({ addresses, summary: app.summary(), tookMs: performance.now() - startedMs }),
  )
  if (options.readyFile !== undefined) writeReadyFile(options.readyFile, addresses)

  await stopping
  shell.write('stopping: finishing what was accepted…\n')
  if (options.readyFile !== undefined) rmSync(options.readyFile, { force: true })
  return stopWithin(app.stop())
}

async function stopWithin(stopped: Promise<void>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(1), STOP_MS_MAX)
  })
  const code = await Promise.race([stopped.then(() => 0), tooLong])
  clearTimeout(timer)
  return code
}

/** Anyone who reaches the port could move traffic: beyond loopback that needs tokens. */
function refuseOpenDoor({
  host,
  tokens_file,
}: {
  host: string
  tokens_file?: string | undefined
}): void {
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
  if (isLoopback || tokens_file !== undefined) return
  throw new AppError(
    'CONFIG_INVALID',
    `SIGNALBOX_HOST=${host} is reachable from outside, and that needs tokens: set SIGNALBOX_TOKENS_FILE, or stay on 127.0.0.1`,
  )
}

// It holds a database password, so nobody else may read it.
function writeReadyFile(file: string, addresses: Addresses): void {
  rmSync(file, { force: true })
  writeFileSync(file, `${JSON.stringify(addresses)}\n`, { mode: 0o600 })
}

interface Welcome {
  readonly addresses: Addresses
  readonly summary: string
  readonly tookMs: number
}

function renderWelcome({ addresses, summary, tookMs }: Welcome): string {
  const clickhouse = new URL(addresses.clickhouse)
  return `Signalbox ${addresses.version} is ready (${(tookMs / 1_000).toFixed(1)} s)
  console  ${addresses.http}/
  OTLP     ${addresses.otlp_http} (traces, logs and metrics; protobuf or JSON), gRPC ${addresses.otlp_grpc}
  API      ${addresses.http}/api/v1/openapi.json
  SQL      ${clickhouse.protocol}//${clickhouse.host} (ClickHouse; --ready-file writes user and password)
  ${summary}
Next: point your routers and workers here (OTEL_EXPORTER_OTLP_ENDPOINT=${addresses.otlp_http}),
name your routes in alerts/failover.yaml, or watch an outage from start to post-mortem: npm run demo
`
}
