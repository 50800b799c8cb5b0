import type { ErrorPlace } from '../lib/errors.ts'
import { type Alerts, type LoadAlertsOptions, loadAlerts } from './alerts.ts'
import type { RoutePolicy } from './failover.ts'
import { configInvalid } from './load-yaml.ts'
import { createTopology, type Topology } from './topology.ts'

/** The alert files in force. Everyone asks at the moment of use, so that a reload reaches all. */
export interface LiveAlerts {
  alerts(): Alerts
  topology(): Topology
  policy(route: string): RoutePolicy | undefined
  /** Routes whose policy names the rule, as a reason to move or as a cause. */
  routesOf(rule: string): readonly string[]
  ruleLabels(rule: string): Readonly<Record<string, string>> | undefined
  /** Reads the folder again. Returns its faults; then nothing is changed and `use` is not called. */
  reload(use: (alerts: Alerts) => void): readonly ErrorPlace[]
}

/** @throws AppError CONFIG_INVALID with every fault of every file */
export function createLiveAlerts(options: LoadAlertsOptions): LiveAlerts {
  const first = loadAlerts(options)
  if (first.status === 'invalid') throw configInvalid(first.errors)
  let alerts = first.alerts
  let topology = createTopology(alerts.failover)
  return {
    alerts: () => alerts,
    topology: () => topology,
    policy: (route) => alerts.failover.routes.find((one) => one.route === route),
    routesOf: (rule) =>
      alerts.failover.routes
        .filter((route) => route.on.includes(rule) || route.with.includes(rule))
        .map(({ route }) => route),
    ruleLabels: (rule) => alerts.rules.find(({ id }) => id === rule)?.labels,
    reload(use) {
      const next = loadAlerts(options)
      if (next.status === 'invalid') return next.errors
      alerts = next.alerts
      topology = createTopology(alerts.failover)
      use(alerts)
      return []
    },
  }
}

/** One line for people: what these files make the server do. */
export function summarize({ rules, failover, oncall }: Alerts): string {
  const movers = failover.routes.filter((route) => route.mode === 'auto').map(({ route }) => route)
  const moved = movers.length === 0 ? 'no traffic is moved' : `may move ${movers.join(', ')}`
  const paged = oncall.receivers.filter((one) => one.disabledReason === undefined).length
  const routes = counted(failover.routes.length, 'route')
  const people = paged === 0 ? 'nobody is paged' : counted(paged, 'receiver')
  return `${counted(rules.length, 'rule')}, ${routes}: ${moved}, ${people}`
}

/** `1 rule`, `2 rules`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
