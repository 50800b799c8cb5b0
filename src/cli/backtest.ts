import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDurationMs } from '../lib/duration.ts'
import { AppError } from '../lib/errors.ts'
import type { BacktestProgress, BacktestResult } from '../model/backtest.ts'
import type { Incident } from '../model/incident.ts'
import { type ApiClient, createApiClient } from './api-client.ts'
import { renderBacktest } from './render-backtest.ts'
import type { Shell } from './shell.ts'

export interface BacktestOptions {
  readonly from?: string
  readonly to?: string
  readonly rules?: string
  readonly incident?: string
  readonly rule?: string
  readonly export?: string
  readonly json?: boolean
  readonly url?: string
}

/** A back-test of a month takes minutes; the server gives up after half an hour. */
const DEADLINE_MS = 1_860_000
const PROGRESS_EVERY_MS = 500
/** Around an incident: its beginning is what is looked for. */
const BEFORE_MS = 600_000
const AFTER_MS = 600_000

/** Replays rules over recorded telemetry; exit 0 when it ran, whatever it found. */
export async function backtest(options: BacktestOptions, shell: Shell): Promise<number> {
  const api = createApiClient({ url: options.url, env: shell.env })
  const incident = options.incident === undefined ? undefined : await find(options.incident, api)
  const body = {
    ...rangeOf(options, incident),
    ...(options.rules !== undefined && { rules: readRules(options.rules) }),
    ...(options.export !== undefined && { fixture: fixtureOf(options, incident) }),
  }
  const stop = shell.isTerminal ? showProgress(api, shell) : () => {}
  try {
    const answer = await api.request('/api/v1/backtests', {
      ...{ method: 'POST', body, deadlineMs: DEADLINE_MS },
    })
    stop()
    const result = answer.json() as BacktestResult
    shell.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : renderBacktest(result))
    if (options.export !== undefined) exportFixture(options.export, result, shell)
  } finally {
    stop()
  }
  return 0
}

async function find(id: string, api: ApiClient): Promise<Incident> {
  const answer = await api.request(`/api/v1/incidents/${encodeURIComponent(id)}`)
  return answer.json() as Incident
}

/** Times as RFC 3339, or as a duration before now: `24h`. */
function rangeOf({ from, to }: BacktestOptions, incident: Incident | undefined) {
  const now = Date.now()
  const t0 = incident && Date.parse(incident.t0)
  const end = incident?.resolved_at ? Date.parse(incident.resolved_at) : now
  const first = from ?? (t0 === undefined ? undefined : new Date(t0 - BEFORE_MS).toISOString())
  const last = to ?? new Date(t0 === undefined ? now : Math.min(now, end + AFTER_MS)).toISOString()
  if (first === undefined)
    throw new AppError('BAD_REQUEST', 'say from when: --from TIME or --incident ID')
  return { from: toTime('--from', first, now), to: toTime('--to', last, now) }
}

function toTime(name: string, text: string, now: number): string {
  const agoMs = parseDurationMs(text)
  const unixMs = agoMs === undefined ? Date.parse(text) : now - agoMs
  if (Number.isNaN(unixMs))
    throw new AppError(
      'BAD_REQUEST',
      `${name}: expected a time (2026-01-11T14:20:00Z) or how long ago (24h), not ${text}`,
    )
  return new Date(unixMs).toISOString()
}

/** Of an alerts folder its `rules/`, else the files of the folder itself. */
function readRules(dir: string): Record<string, string> {
  const filesIn = (folder: string) => {
    try {
      return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
    } catch {
      return []
    }
  }
  const inner = join(dir, 'rules')
  const folder = filesIn(inner).length > 0 ? inner : dir
  const names = filesIn(folder).sort()
  if (names.length === 0) throw new AppError('BAD_REQUEST', `there are no rule files in ${dir}`)
  const files = names.map((name) => join(folder, name))
  return Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]))
}

function fixtureOf({ rule }: BacktestOptions, incident: Incident | undefined) {
  const named = rule ?? incident?.rules?.[0]?.rule
  if (named === undefined)
    throw new AppError('BAD_REQUEST', 'say which rule to make a test of: --rule ID')
  return { rule: named }
}

function exportFixture(file: string, { fixture }: BacktestResult, shell: Shell): void {
  if (fixture === undefined)
    throw new AppError('NOT_FOUND', 'nothing was exported: the rule did not trip in that time')
  writeFileSync(file, fixture)
  shell.write(`wrote ${file}; put it into alerts/tests/ and run: signalbox check\n`)
}

/** One line that is written over; returns a function that takes it away. */
function showProgress(api: ApiClient, { write }: Shell): () => void {
  let isShown = false
  let isOver = false
  const look = async () => {
    const answer = await api.request('/api/v1/backtests').catch(() => undefined)
    const { running } = (answer?.json() ?? {}) as { running?: BacktestProgress | null }
    if (isOver || !running) return
    isShown = true
    write(`\r\u001b[Kreplaying… ${Math.round(running.done_ratio * 100)} %`)
  }
  const timer = setInterval(() => void look(), PROGRESS_EVERY_MS)
  return () => {
    if (isOver) return
    isOver = true
    clearInterval(timer)
    if (isShown) write('\r\u001b[K')
  }
}
