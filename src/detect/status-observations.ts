import type { FieldValue, Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'

/**
 * A router's status as observations: one per route and target, with its counters as fields; one
 * without either when nothing was ever started, so that the router is heard all the same.
 */
export function statusObservations({
  router,
  receivedUnixMs,
  status,
}: ReceivedStatus): Observation[] {
  const base = {
    unit: 'status' as const,
    atUnixMs: receivedUnixMs,
    startUnixMs: receivedUnixMs,
    source: { id: router, component: 'router' as const },
    weight: 1,
  }
  const rows = Object.entries(status.routes).flatMap(([route, { targets }]) => {
    const pair = status.observed[route]
    const generation = pair && `${pair.epoch}.${pair.generation}`
    return Object.entries(targets).map(([target, counters]) => {
      const fields = new Map<string, FieldValue>(Object.entries(counters))
      fields.set('route', route).set('target', target)
      fields.set('boot_id', status.boot_id).set('clock', status.clock)
      if (generation !== undefined) fields.set('generation', generation)
      return { ...base, field: (key: string) => fields.get(key) }
    })
  })
  return rows.length > 0 ? rows : [{ ...base, field: () => undefined }]
}
