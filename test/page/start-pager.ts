import { loadOnCall } from '../../src/config/oncall.ts'
import { createTurnedClock, type TurnedClock } from '../../src/lib/turned-clock.ts'
import type { Incident, IncidentChange, PageView } from '../../src/model/incident.ts'
import { createPager } from '../../src/page/pager.ts'
import { createPageEvents } from '../../src/telemetry/page-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createMemoryStore } from '../correlate/fakes.ts'
import { incidentOf, OPENED_MS } from './fakes.ts'

export interface World {
  readonly clock: TurnedClock
  readonly store: ReturnType<typeof createMemoryStore>
  readonly incidents: Map<string, Incident>
  readonly views: PageView[]
}

/** What outlives a killed process: the clock, the disk, the incidents. */
export function createWorld(): World {
  return {
    clock: createTurnedClock(OPENED_MS),
    store: createMemoryStore(),
    incidents: new Map(),
    views: [],
  }
}

/** A pager in its world, with real receivers as the YAML text says. */
export async function startPager(text: string, world = createWorld()) {
  const { clock, store, incidents, views } = world
  const load = (yaml: string) => {
    const loaded = loadOnCall({ file: 'oncall.yaml', text: yaml, env: {} })
    if (loaded.status === 'invalid') throw new Error(JSON.stringify(loaded.errors))
    return loaded.value
  }
  const waiting: { count: number; resolve: () => void }[] = []
  const pager = createPager({
    oncall: load(text),
    store,
    clock,
    timings: { stalePageMs: 900_000 },
    publicUrl: 'http://signalbox:8080',
    incident: (id) => incidents.get(id),
    recordPage(_id, view) {
      views.push(view)
      for (const one of waiting) if (views.length >= one.count) one.resolve()
    },
    events: createPageEvents(createSilentTelemetry()),
  })
  await pager.start()
  const change = (fields: Partial<Incident> = {}, phase: IncidentChange['phase'] = 'updated') => {
    const before = incidents.get(fields.id ?? 'inc_1') ?? incidentOf()
    const incident = { ...before, ...fields }
    incidents.set(incident.id, incident)
    pager.change({ phase, incident, atUnixMs: clock.nowMs() })
  }
  return {
    ...world,
    pager,
    reload: (yaml: string) => pager.reload(load(yaml)),
    open: (fields: Partial<Incident> = {}) => change(fields, 'opened'),
    change,
    acknowledge: (id = 'inc_1') =>
      change(
        { id, acknowledged_at: new Date(clock.nowMs()).toISOString(), acknowledged_by: 'ana' },
        'acknowledged',
      ),
    resolve: (id = 'inc_1') =>
      change(
        { id, state: 'resolved', resolved_at: new Date(clock.nowMs()).toISOString() },
        'resolved',
      ),
    /** Resolves when `count` outcomes were recorded, and the pager has taken them in. */
    async viewed(count: number) {
      await new Promise<void>((resolve) => {
        if (views.length >= count) resolve()
        else waiting.push({ count, resolve })
      })
      await idle()
    },
    said: () => views.map((one) => `${one.level} ${one.receiver} ${one.phase} ${one.outcome}`),
  }
}

/** Resolves when `isSo` holds; sockets and promises go on meanwhile. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets everything happen that waits for nothing but its turn. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}
