import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { MOVING_RULE, readRatioRule, writeDemoAlerts } from './demo-alerts.ts'
import { createDemoApi, type DemoApi } from './demo-api.ts'
import { createNarrator, type Narrator } from './demo-narrator.ts'
import { startPager } from './demo-pager.ts'
import { startServe } from './demo-serve.ts'
import { playStory } from './demo-story.ts'
import { judgeReport } from './demo-verdict.ts'
import { startFleet } from './fleet.ts'

/** `signalbox demo`: Signalbox and a simulated fleet, the January incident, and the proof. */
export interface DemoOptions {
  readonly seed: number
  /** Leave Signalbox running at the end, to look around, until the demo is told to stop. */
  readonly keep: boolean
  /** Divides every duration of rules, policy and fleet. */
  readonly speed: number
  /** Folder for everything that is written; `data`, `alerts` and `ledger` in it are replaced. */
  readonly outDir: string
  /** Where Signalbox is installed: holds `dist` and `alerts`. */
  readonly packageDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  write(text: string): void
}

const ROUTER_COUNT = 2
const REPLICAS = 24
const REPLICAS_MAX = 48

/** The exit code: 0 when every headline figure agrees with the fleet's ledger. */
export async function playDemo(options: DemoOptions): Promise<number> {
  const { outDir, packageDir, speed, seed, signal } = options
  const narrator = createNarrator(options.write)
  narrator.write(
    `Incident A, 11 January 2024, ${speed} times faster: every window, hold, step and timeout is divided by ${speed}.\n`,
  )
  for (const folder of ['data', 'alerts', 'ledger', 'ready.json']) {
    rmSync(`${outDir}/${folder}`, { recursive: true, force: true })
  }
  mkdirSync(`${outDir}/ledger`, { recursive: true })
  const stops: (() => Promise<void>)[] = []
  const own = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop())
    return part
  }
  try {
    const pager = own(await startPager((text) => narrator.event(`pager: ${text}`)))
    const fleet = own(
      await startFleet({
        seed,
        speed,
        ledgerDir: `${outDir}/ledger`,
        secrets: Array.from({ length: ROUTER_COUNT }, createSecret),
        replicas: REPLICAS,
        replicasMax: REPLICAS_MAX,
      }),
    )
    const alerts = writeDemoAlerts({
      from: `${packageDir}/alerts`,
      dir: `${outDir}/alerts`,
      routers: fleet.routers,
      pagerUrl: pager.url,
    })
    const main = `${packageDir}/dist/main.js`
    const env = { ...options.env, ...alerts.env }
    const served = own(
      await startServe({ main, outDir, alertsDir: alerts.dir, speed, env, signal }),
    )
    narrator.write(`Signalbox is up: ${served.http}/ shows the console live.\n`)
    await fleet.connect({ otlpUrl: served.otlpHttp, controllerUrl: served.http })
    const api = createDemoApi(served.http)
    const incident = await playStory({ fleet, api, narrator, speed, signal })
    narrator.event('resolved; users go home, the last spans are sent')
    await fleet.stop()

    const reportText = await settledReport({ api, id: incident.id, signal })
    const paths = await saveReport({ api, id: incident.id, outDir, reportText })
    const isEqual = judgeReport({
      reportText,
      ledgerFiles: fleet.ledgerFiles,
      rule: readRatioRule(`${alerts.dir}/rules/failover.yaml`, MOVING_RULE),
      speed,
      narrator,
    })
    narrator.write(`\nPost-mortem:\n${paths.map((path) => `  ${path}\n`).join('')}`)
    if (options.keep) await stay({ narrator, url: served.http, signal })
    return isEqual ? 0 : 1
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => {})
  }
}

function createSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

interface ReportQuery {
  readonly api: DemoApi
  readonly id: string
  readonly signal: AbortSignal
}

const SETTLE_TRIES = 15

/** The report once the last spans are stored: when a second later it says the same. */
async function settledReport({ api, id, signal }: ReportQuery): Promise<string> {
  let last = ''
  for (let tries = 0; tries < SETTLE_TRIES; tries++) {
    const text = await api.report(id, 'json')
    if (text === last) return text
    last = text
    await sleep(1_000, undefined, { signal })
  }
  return last
}

async function saveReport(options: {
  readonly api: DemoApi
  readonly id: string
  readonly outDir: string
  readonly reportText: string
}): Promise<string[]> {
  const { api, id, outDir, reportText } = options
  const texts = {
    html: await api.report(id, 'html'),
    md: await api.report(id, 'md'),
    json: reportText,
  }
  return Object.entries(texts).map(([format, text]) => {
    const path = `${outDir}/report.${format}`
    writeFileSync(path, text)
    return path
  })
}

async function stay(options: {
  readonly narrator: Narrator
  readonly url: string
  readonly signal: AbortSignal
}): Promise<void> {
  options.narrator.write(`\nSignalbox stays at ${options.url}/ until Ctrl-C.\n`)
  if (options.signal.aborted) return
  await new Promise((resolve) => options.signal.addEventListener('abort', resolve, { once: true }))
}
