import { loadAlerts } from '../config/alerts.ts'
import { packagePath } from '../config/package-files.ts'
import { createTopology } from '../config/topology.ts'
import type { Pack } from './detect-play.ts'

/** The shipped pack, or another folder of alerts. Throws with every fault of its files. */
export function loadPack(dir = packagePath('alerts')): Pack {
  const result = loadAlerts({ dir, env: {} })
  if (result.status === 'invalid') throw new Error(JSON.stringify(result.errors, undefined, 2))
  const { rules, failover } = result.alerts
  return {
    rules,
    topology: createTopology(failover),
    failoverRules: new Set(failover.routes.flatMap(({ on }) => on)),
  }
}
