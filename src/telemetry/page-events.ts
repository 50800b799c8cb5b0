import type { Outcome } from '../lib/outcome.ts'
import type { PageView } from '../model/incident.ts'
import type { Telemetry } from './telemetry.ts'

/** What `page` says of itself: every function counts and logs. */
export interface PageEvents {
  pageTold(event: { readonly incident: string; readonly view: PageView }): void
  /** From when it was wanted. */
  pageDelivered(event: { readonly receiver: string; readonly tookMs: number }): void
  pagesWaiting(count: number): void
  /** No route of `oncall.yaml` matches: nobody is told of it. */
  unrouted(event: { readonly incident: string; readonly title: string }): void
  resendFailed(event: { readonly receiver: string; readonly reason: string }): void
  deadManPinged(event: { readonly outcome: Outcome; readonly atUnixMs: number }): void
  saveFailed(event: { readonly incident: string; readonly reason: string }): void
  /** A fault of our own while sending; the page stays in its outbox. */
  sendFailed(event: { readonly fault: unknown }): void
}

export function createPageEvents(telemetry: Telemetry): PageEvents {
  const { log } = telemetry
  const pages = telemetry.counter(
    'signalbox_pages_total',
    'Pages by receiver, phase and what came of them.',
    ['receiver', 'phase', 'outcome'],
  )
  const delay = telemetry.histogram(
    'signalbox_page_delivery_seconds',
    'From when a page was wanted to when a receiver accepted it.',
    ['receiver'],
  )
  const waiting = telemetry.gauge('signalbox_pages_waiting', 'Pages that nobody accepted yet.')
  const lastOk = telemetry.gauge(
    'signalbox_dead_man_last_ok_timestamp_seconds',
    'When the outside watcher last accepted a ping.',
  )
  const faults = telemetry.counter(
    'signalbox_page_faults_total',
    'Faults while paging: state not saved, sending broke, a repetition was refused.',
    ['kind'],
  )
  return {
    pageTold({ incident, view }) {
      const { receiver, phase, outcome } = view
      pages.inc({ receiver, phase, outcome })
      if (outcome === 'delivered') log.info({ incident, ...view }, 'page delivered')
      else log.warn({ incident, ...view }, `page ${outcome}`)
    },
    pageDelivered: ({ receiver, tookMs }) => delay.observe({ receiver }, tookMs / 1_000),
    pagesWaiting: (count) => waiting.set(count),
    unrouted: (event) => log.warn(event, 'no route of oncall.yaml matches: nobody is told'),
    resendFailed(event) {
      faults.inc({ kind: 'resend' })
      log.warn(event, 'receiver not told again')
    },
    deadManPinged({ outcome, atUnixMs }) {
      if (outcome.status === 'ok') {
        lastOk.set(atUnixMs / 1_000)
        return
      }
      faults.inc({ kind: 'dead_man' })
      log.warn({ reason: outcome.reason }, 'dead-man ping failed')
    },
    saveFailed(event) {
      faults.inc({ kind: 'save' })
      log.error(event, 'paging state not saved, trying again')
    },
    sendFailed({ fault }) {
      faults.inc({ kind: 'send' })
      log.error({ err: fault }, 'sending a page broke, trying again')
    },
  }
}
