import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Alerts } from '../config/alerts.ts'
import { createMeanings } from '../config/meanings.ts'
import { loadRules, type Rule } from '../config/rules.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { BacktestAnswer, BacktestProgress, BacktestRequest } from '../model/backtest.ts'
import type { ChildOrder, ChildReport } from './child.ts'
import { toTime } from './compare.ts'

/** Back-tests, one at a time, each in a process of its own. */
export interface Backtester extends Part {
  run(request: BacktestRequest): Promise<BacktestAnswer>
  running(): BacktestProgress | undefined
}

export interface BacktesterOptions {
  alerts(): Alerts
  readonly settings: Pick<Settings, 'telemetry' | 'services'>
  readonly latenessMs: number
  readonly speed: number
  readonly clock: Clock
  /** Known once the database has started. */
  clickhouseUrl(): string
  /** Puts what is waiting in front of the database there, so that the newest is read too. */
  flush(): Promise<unknown>
  /** Default 30 min; then it is given up. */
  readonly deadlineMs?: number
}

const DEADLINE_MS = 1_800_000
const WARM_UP_MS_MAX = 3_600_000

/** Always the compiled child, also when this file runs as TypeScript. */
const CHILD_FILE = fileURLToPath(new URL('../../dist/backtest/child.js', import.meta.url))

export function createBacktester(options: BacktesterOptions): Backtester {
  const { settings, latenessMs, speed } = options
  let current: { readonly request: BacktestRequest; doneRatio: number } | undefined
  let child: ChildProcess | undefined

  const toOrder = (request: BacktestRequest, given: readonly Rule[] | undefined): ChildOrder => {
    const { rules: inForce, failover } = options.alerts()
    const { fromUnixMs, toUnixMs, warmUpMs, fixture } = request
    return {
      clickhouseUrl: options.clickhouseUrl(),
      fixture,
      order: {
        ...{ fromUnixMs, toUnixMs, inForce, given, latenessMs, speed },
        warmUpMs: warmUpMs ?? warmUpOf([...inForce, ...(given ?? [])]),
        failover: { routes: failover.routes },
        meanings: createMeanings(settings),
        services: settings.services,
      },
    }
  }
  const start = async (order: ChildOrder, running: { doneRatio: number }) => {
    await options.flush()
    child = fork(CHILD_FILE, [], { execArgv: [], serialization: 'advanced', env: { TZ: 'UTC' } })
    const deadlineMs = options.deadlineMs ?? DEADLINE_MS
    const own = child
    const cancel = options.clock.after(deadlineMs, () => own.kill('SIGKILL'))
    try {
      return await answerOf(own, { order, deadlineMs, running })
    } finally {
      cancel()
      own.kill('SIGKILL')
      child = undefined
    }
  }
  return {
    name: 'backtest',
    async start() {},
    async stop() {
      child?.kill('SIGKILL')
    },
    running() {
      if (!current) return undefined
      const { fromUnixMs, toUnixMs } = current.request
      const done_ratio = Math.round(current.doneRatio * 1_000) / 1_000
      return { from: toTime(fromUnixMs), to: toTime(toUnixMs), done_ratio }
    },
    async run(request) {
      if (current) return { status: 'busy' }
      const { rules: texts } = request
      const given = texts && loadRules({ dir: '', texts, speed })
      if (given && given.errors.length > 0) return { status: 'invalid', errors: given.errors }
      const running = { request, doneRatio: 0 }
      current = running
      try {
        return await start(toOrder(request, given?.rules), running)
      } finally {
        current = undefined
      }
    },
  }
}

/** The longest window, at most an hour: longer memories are said to be empty. */
function warmUpOf(rules: readonly Rule[]): number {
  const windows = rules.map(({ windowMs, clear }) => Math.max(windowMs, clear.windowMs))
  return Math.min(WARM_UP_MS_MAX, Math.max(60_000, ...windows))
}

interface Running {
  readonly order: ChildOrder
  readonly deadlineMs: number
  readonly running: { doneRatio: number }
}

function answerOf(child: ChildProcess, { order, deadlineMs, running }: Running) {
  return new Promise<BacktestAnswer>((resolve) => {
    child.on('message', (report: ChildReport) => {
      if (report.type === 'progress') running.doneRatio = report.doneRatio
      else if (report.type === 'done') resolve({ status: 'ok', result: report.result })
      else resolve({ status: 'failed', reason: report.reason })
    })
    child.on('error', (fault) => resolve({ status: 'failed', reason: fault.message }))
    child.on('close', (code, signal) => {
      const why = signal ? `it was given up after ${deadlineMs / 1_000} s` : `exit code ${code}`
      resolve({ status: 'failed', reason: `the back-test ended without a result: ${why}` })
    })
    child.send(order)
  })
}
