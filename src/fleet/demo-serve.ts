import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Signalbox itself, in a process of its own, exactly as `signalbox serve` starts it. */
export interface Served {
  readonly http: string
  readonly otlpHttp: string
  /** Gracefully by its id, by force when that takes too long. Safe twice. */
  stop(): Promise<void>
}

export interface ServeOptions {
  /** Compiled `main.js`. */
  readonly main: string
  readonly outDir: string
  readonly alertsDir: string
  readonly speed: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

const CONSOLE_PORT = 8080
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 15_000

/** @throws Error when it ends, or is not ready in a minute; its words are in `serve.log` */
export async function startServe(options: ServeOptions): Promise<Served> {
  const { outDir, signal } = options
  const readyFile = `${outDir}/ready.json`
  const logFile = `${outDir}/serve.log`
  const settingsFile = `${outDir}/signalbox.yaml`
  writeFileSync(settingsFile, 'log_level: info\n')
  const log = openSync(logFile, 'w')
  const port = (await isFree(CONSOLE_PORT)) ? CONSOLE_PORT : 0
  const child = spawn(
    process.execPath,
    [options.main, 'serve', '--speed', String(options.speed), '--ready-file', readyFile],
    {
      stdio: ['ignore', log, log],
      env: {
        ...withoutSettings(options.env),
        SIGNALBOX_CONFIG: settingsFile,
        SIGNALBOX_DATA_DIR: `${outDir}/data`,
        SIGNALBOX_ALERTS_DIR: options.alertsDir,
        SIGNALBOX_PORT: String(port),
        SIGNALBOX_OTLP_HTTP_PORT: '0',
        SIGNALBOX_OTLP_GRPC_PORT: '0',
      },
    },
  )
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (isGone()) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await gone
    clearTimeout(timer)
  }
  for (let waitedMs = 0; !existsSync(readyFile); waitedMs += 100) {
    if (isGone()) throw new Error(`serve ended before it was ready:\n${lastLines(logFile)}`)
    if (waitedMs > READY_MS_MAX || signal.aborted) {
      await stop()
      signal.throwIfAborted()
      throw new Error(`serve was not ready within a minute:\n${lastLines(logFile)}`)
    }
    await sleep(100)
  }
  // The file may be seen before its text is.
  await sleep(100)
  const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as { http: string; otlp_http: string }
  return { http: ready.http, otlpHttp: ready.otlp_http, stop }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
}

/** The demo is the same wherever it runs: settings of this shell are not its own. */
function withoutSettings(env: ServeOptions['env']) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:SIGNALBOX_|CLICKHOUSE_URL$|OTEL_)/.test(name)),
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
