import { createTimings } from '../../src/config/timings.ts'
import { type CorrelatorOptions, createCorrelator } from '../../src/correlate/correlator.ts'
import { createTurnedClock, type TurnedClock } from '../../src/lib/turned-clock.ts'
import type { IncidentChange } from '../../src/model/incident.ts'
import { createCorrelateEvents } from '../../src/telemetry/correlate-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createMemoryStore, type RequestFields, requestOf } from './fakes.ts'

/** A correlator on a hand-turned clock, with everything that it tells kept for looking at. */
export async function startCorrelator(overrides: Partial<CorrelatorOptions> = {}) {
  const clock = (overrides.clock as TurnedClock | undefined) ?? createTurnedClock()
  const store = createMemoryStore()
  const changes: IncidentChange[] = []
  const closedRoutes: string[] = []
  const rows: Readonly<Record<string, unknown>>[] = []
  const options: CorrelatorOptions = {
    store,
    clock,
    timings: createTimings(),
    theta: 0.95,
    quietForMs: 120_000,
    routeIncident: () => undefined,
    publish: (change) => changes.push(change),
    closed: (route) => closedRoutes.push(route),
    journal: (_table, row) => rows.push(row),
    events: createCorrelateEvents(createSilentTelemetry()),
    ...overrides,
  }
  const correlator = createCorrelator(options)
  await correlator.start()
  return {
    correlator,
    clock,
    store: options.store as typeof store,
    changes,
    closedRoutes,
    rows,
    phases: () => changes.map((change) => change.phase).filter((phase) => phase !== 'updated'),
    /** One second of traffic: 20 requests, each as `fields` says, then the clock turns. */
    serveSeconds(seconds: number, fields: RequestFields) {
      for (let second = 0; second < seconds; second++) {
        const at = clock.nowMs() + 500
        correlator.observe(Array.from({ length: 20 }, () => requestOf(at, fields)))
        clock.turn(1_000)
      }
    },
  }
}
