import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { parseDurationMs } from '../lib/duration.ts'
import type { FleetRouter } from './fleet.ts'
import { ROUTE } from './fleet-plan.ts'

/** The rule that alone may move traffic in the demo, so that there is a disruption to measure. */
export const MOVING_RULE = 'primary-failing'

export interface DemoAlerts {
  readonly dir: string
  /** Variables that the files name. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The shipped rules and policy with what the demo must change: mode `auto`, a live trickle, a small
 * rescue, and this run's routers and pager. Durations stay as shipped: `serve --speed` divides them.
 */
export function writeDemoAlerts(options: {
  /** The shipped `alerts/`. */
  readonly from: string
  readonly dir: string
  readonly routers: readonly FleetRouter[]
  readonly pagerUrl: string
}): DemoAlerts {
  const { from, dir, routers, pagerUrl } = options
  mkdirSync(dir, { recursive: true })
  cpSync(`${from}/rules`, `${dir}/rules`, { recursive: true })
  // An hour's budget, of which only minutes were lived, is gone with the first failures.
  rmSync(`${dir}/rules/slo.yaml`, { force: true })
  const shipped = parse(readFileSync(`${from}/failover.yaml`, 'utf8')) as FailoverFile
  write(dir, 'failover.yaml', {
    ...shipped,
    routes: shipped.routes.map((route) => (route.route === ROUTE ? rehearse(route) : route)),
  })
  const env: Record<string, string> = {}
  const subscribers = routers.map(({ name, webhookUrl, secret }) => {
    const variable = `DEMO_${name.toUpperCase().replaceAll('-', '_')}_SECRET`
    env[variable] = secret
    return { router: name, url: webhookUrl, secret: { env: variable }, routes: ['*'] }
  })
  write(dir, 'subscribers.yaml', { schema: 'signalbox.subscribers/v1', subscribers })
  write(dir, 'oncall.yaml', {
    schema: 'signalbox.oncall/v1',
    receivers: [{ name: 'pager', webhook: { url: pagerUrl } }],
    levels: [{ name: 'L1', notify: ['pager'], ack_within: '30m' }],
    chains: { serving: ['L1'] },
    routes: [
      {
        match: { severity: 'critical' },
        chain: 'serving',
        start: ['L1'],
        wait_for_mitigation: '15s',
      },
    ],
  })
  return { dir, env }
}

interface FailoverFile {
  readonly routes: readonly Readonly<Record<string, unknown>>[]
}

function rehearse(route: Readonly<Record<string, unknown>>) {
  return {
    ...route,
    mode: 'auto',
    on: [MOVING_RULE],
    keep_on_primary: { share: 0.05, max_rps: 20 },
    // Tried after the request's own timeout of 10 s, as an operator would who wants no duplicates.
    rescue: { max_rps: 4, attempt_timeout: '10s' },
  }
}

function write(dir: string, name: string, value: unknown): void {
  writeFileSync(`${dir}/${name}`, stringify(value))
}

/** The limits of a ratio rule, as its file says. */
export interface RatioLimits {
  readonly windowMs: number
  readonly above: number
  readonly countMin: number
}

/** @throws Error when the file has no such rule */
export function readRatioRule(file: string, id: string): RatioLimits {
  const { rules } = parse(readFileSync(file, 'utf8')) as { rules: readonly RuleFile[] }
  const rule = rules.find((one) => one.id === id)
  const windowMs = parseDurationMs(rule?.window ?? '')
  if (!rule || windowMs === undefined) throw new Error(`${file} has no rule ${id}`)
  return { windowMs, above: rule.trip.above, countMin: rule.trip.min_count }
}

interface RuleFile {
  readonly id: string
  readonly window: string
  readonly trip: { readonly above: number; readonly min_count: number }
}
