import { createApiEvents } from './api-events.ts'
import { createCorrelateEvents } from './correlate-events.ts'
import { createDecideEvents } from './decide-events.ts'
import { createDecodeEvents } from './decode-events.ts'
import { createDeliverEvents } from './deliver-events.ts'
import { createDetectEvents } from './detect-events.ts'
import { createPageEvents } from './page-events.ts'
import { createReceiveEvents } from './receive-events.ts'
import { createStoreEvents } from './store-events.ts'
import type { Telemetry } from './telemetry.ts'

export type AllEvents = ReturnType<typeof createAllEvents>

/** The named events of every stage, so that `/metrics` shows each metric from the first second. */
export function createAllEvents(telemetry: Telemetry) {
  return {
    receive: createReceiveEvents(telemetry),
    decode: createDecodeEvents(telemetry),
    store: createStoreEvents(telemetry),
    detect: createDetectEvents(telemetry),
    decide: createDecideEvents(telemetry),
    deliver: createDeliverEvents(telemetry),
    correlate: createCorrelateEvents(telemetry),
    page: createPageEvents(telemetry),
    api: createApiEvents(telemetry),
  }
}
