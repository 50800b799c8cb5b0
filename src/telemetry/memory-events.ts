import type { Telemetry } from './telemetry.ts'

/** What happens to the saved state of rules. */
export interface MemoryEvents {
  /** The state of rules was saved. */
  remembered(saved: { readonly bytes: number }): void
  rememberFailed(reason: string): void
  /** The saved state of rules was taken up; `agoMs` is undefined when it could not be read. */
  restored(found: {
    readonly groups: number
    readonly dropped: number
    readonly agoMs: number | undefined
  }): void
}

export function createMemoryEvents(telemetry: Telemetry): MemoryEvents {
  const { log } = telemetry
  const counter = (name: string, help: string) =>
    telemetry.counter(`signalbox_detect_${name}`, help, [])
  const saves = counter('saves_total', 'Times that the state of rules was saved.')
  const failedSaves = counter('failed_saves_total', 'Times that it could not be saved.')
  const saved = telemetry.gauge('signalbox_detect_saved_bytes', 'Size of the saved rule state.')
  let isSaveFailing = false
  return {
    remembered({ bytes }) {
      saves.inc()
      saved.set(bytes)
      isSaveFailing = false
    },
    rememberFailed(reason) {
      failedSaves.inc()
      if (isSaveFailing) return
      isSaveFailing = true
      log.error({ reason }, 'the state of rules cannot be saved: a restart would begin without it')
    },
    restored({ groups, dropped, agoMs }) {
      if (agoMs === undefined)
        log.warn('the saved state of rules cannot be read: they begin anew, and know nothing yet')
      else log.info({ groups, dropped, agoMs }, 'rules go on where they were')
    },
  }
}
