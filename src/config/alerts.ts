import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, type ErrorPlace } from '../lib/errors.ts'
import { Failover } from './failover.ts'
import { loadYaml, type PlaceOf } from './load-yaml.ts'
import { loadOnCall, type OnCall } from './oncall.ts'
import { loadRules, type Rule, unknownRules } from './rules.ts'
import type { Environment } from './settings.ts'
import { type FileSubscriber, loadSubscribers } from './subscribers.ts'

/** Every file of the alerts folder, checked alone and against the others. Any file may be absent. */
export interface Alerts {
  readonly rules: readonly Rule[]
  readonly failover: Failover
  readonly subscribers: readonly FileSubscriber[]
  readonly oncall: OnCall
  /** What works, but not as somebody may think: a secret that is not set, a receiver left out. */
  readonly warnings: readonly string[]
}

export type AlertsResult =
  | { readonly status: 'ok'; readonly alerts: Alerts }
  | { readonly status: 'invalid'; readonly errors: readonly ErrorPlace[] }

export interface LoadAlertsOptions {
  readonly dir: string
  readonly env: Environment
  /** Divides every duration; default 1. */
  readonly speed?: number
}

/** All or nothing: one fault in one file, and nothing is taken. Every fault is told. */
export function loadAlerts({ dir, env, speed = 1 }: LoadAlertsOptions): AlertsResult {
  if (!existsSync(dir)) {
    return {
      status: 'invalid',
      errors: [{ file: dir, message: 'there is no such folder of alert files' }],
    }
  }
  const { rules, errors: ruleErrors } = loadRules({ dir, speed })
  const failover = loadFailover({ file: join(dir, 'failover.yaml'), speed, rules })
  const subscribers = tried(() => loadSubscribers({ file: join(dir, 'subscribers.yaml'), env }))
  const oncall = loadOnCall({ file: join(dir, 'oncall.yaml'), env, speed })
  const errors = [
    ...ruleErrors,
    ...[failover, subscribers, oncall].flatMap((result) =>
      result.status === 'ok' ? [] : result.errors,
    ),
  ]
  if (errors.length > 0) return { status: 'invalid', errors }
  if (failover.status !== 'ok' || subscribers.status !== 'ok' || oncall.status !== 'ok') {
    throw new Error('a file without errors is valid')
  }
  return {
    status: 'ok',
    alerts: {
      rules,
      failover: failover.value,
      subscribers: subscribers.value.subscribers,
      oncall: oncall.value,
      warnings: [
        ...[...subscribers.value.warnings, ...oncall.warnings],
        ...[...unreadFiles(dir), ...notYet(dir, failover.value)],
      ],
    },
  }
}

const FILES = ['failover.yaml', 'oncall.yaml', 'subscribers.yaml', 'routing.yaml']

/** A misspelt name, or a rule beside `rules/`: any file may be absent, so nothing else would tell. */
function unreadFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /\.ya?ml$/.test(name) && !FILES.includes(name))
    .sort()
    .map(
      (name) =>
        `${name} is not read: rules belong in rules/, tests in tests/, the rest in failover.yaml, oncall.yaml or subscribers.yaml`,
    )
}

/** What the files may say and nothing here does: said plainly rather than taken in silence. */
function notYet(dir: string, { routes }: Failover): string[] {
  const judgesQuality = routes.some(({ fallbacks }) =>
    fallbacks.some(({ tolerate }) => tolerate.quality_flagged !== undefined),
  )
  return [
    ...(existsSync(join(dir, 'routing.yaml'))
      ? ['routing.yaml is not read yet: routers are told of no routing table']
      : []),
    ...(judgesQuality
      ? ['failover.yaml: tolerate.quality_flagged is not judged yet: quality holds back no move']
      : []),
  ]
}

interface LoadFailoverOptions {
  readonly file: string
  readonly speed: number
  readonly rules: readonly Rule[]
}

type Tried<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'invalid'; readonly errors: readonly ErrorPlace[] }

/** An absent file means no routes: telemetry is stored and judged, and nothing is moved. */
function loadFailover({ file, speed, rules }: LoadFailoverOptions): Tried<Failover> {
  if (!existsSync(file)) return { status: 'ok', value: { routes: [], targets: {} } }
  const result = loadYaml({ file, schema: Failover, speed })
  if (result.status === 'invalid') return result
  const errors = unknownNames(result.value, { rules, places: result.places })
  return errors.length > 0 ? { status: 'invalid', errors } : result
}

function unknownNames(
  { routes }: Failover,
  { rules, places }: { rules: readonly Rule[]; places: PlaceOf },
): ErrorPlace[] {
  return routes.flatMap((route, index) =>
    (['on', 'with'] as const).flatMap((key) =>
      unknownRules(rules, route[key]).map((name) =>
        places(['routes', index, key], `no rule ${name} in any file of rules/`),
      ),
    ),
  )
}

function tried<T>(load: () => T): Tried<T> {
  try {
    return { status: 'ok', value: load() }
  } catch (fault) {
    if (fault instanceof AppError && fault.code === 'CONFIG_INVALID') {
      return { status: 'invalid', errors: fault.places }
    }
    throw fault
  }
}
