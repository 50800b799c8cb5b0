import type { Clock } from '../lib/clock.ts'
import type { Incident } from '../model/incident.ts'
import type { PageEvents } from '../telemetry/page-events.ts'
import { composeNotice } from './compose.ts'
import { deadlined } from './deadlined.ts'
import type { PageBook } from './page-book.ts'
import type { OutItem, PageState } from './page-state.ts'
import type { Receiver, Receivers } from './receivers.ts'

const ATTEMPT_MS = 5_000

/**
 * Tells receivers that forget (Alertmanager) again each minute while an incident is open. Not a
 * page: nothing is recorded, and what fails is simply told again a minute later.
 */
export interface Resender {
  resendDue(): void
  /** The receiver was just told by other ways. */
  told(incidentId: string, receiver: string): void
}

export interface ResenderOptions {
  readonly book: PageBook
  readonly clock: Clock
  readonly publicUrl: string
  readonly events: PageEvents
  readonly signal: AbortSignal
  incident(id: string): Incident | undefined
  receivers(): Receivers
}

export function createResender(options: ResenderOptions): Resender {
  const { book, clock, events, publicUrl } = options
  const lastMs = new Map<string, number>()

  const resend = async (state: PageState, receiver: Receiver, incident: Incident) => {
    if (!receiver.send) return
    const nowMs = clock.nowMs()
    const item: OutItem = {
      key: '',
      id: `${incident.id}_again_${nowMs.toString(36)}`,
      phase: 'updated',
      level: state.told[receiver.name]?.level ?? '',
      receivers: [receiver.name],
      createdUnixMs: nowMs,
      nextUnixMs: nowMs,
      failedRounds: 0,
    }
    const notice = composeNotice({ item, state, incident }, { publicUrl, nowMs })
    const send = deadlined(receiver.send, { clock, deadlineMs: ATTEMPT_MS })
    const outcome = await send(notice, options.signal)
    if (outcome.status !== 'ok') {
      events.resendFailed({ receiver: receiver.name, reason: outcome.reason })
      return
    }
    const { labels } = notice
    book.update(incident.id, (now) => {
      const told = now.told[receiver.name]
      if (!told || JSON.stringify(told.labels) === JSON.stringify(labels)) return now
      return { ...now, told: { ...now.told, [receiver.name]: { ...told, labels } } }
    })
  }
  return {
    told: (incidentId, receiver) => lastMs.set(`${incidentId} ${receiver}`, clock.nowMs()),
    resendDue() {
      const nowMs = clock.nowMs()
      const live = new Set<string>()
      for (const state of book.all()) {
        const incident = options.incident(state.incident)
        if (!incident || incident.state === 'resolved') continue
        for (const name of Object.keys(state.told)) {
          const receiver = options.receivers().get(name)
          const key = `${state.incident} ${name}`
          if (receiver?.resendEveryMs === undefined) continue
          live.add(key)
          if (nowMs - (lastMs.get(key) ?? -Infinity) < receiver.resendEveryMs) continue
          lastMs.set(key, nowMs)
          resend(state, receiver, incident).catch((fault) => events.sendFailed({ fault }))
        }
      }
      for (const key of lastMs.keys()) if (!live.has(key)) lastMs.delete(key)
    },
  }
}
