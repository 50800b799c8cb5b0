import type { Telemetry } from './telemetry.ts'

/** What comes of comparing the spans of routers with their counters. */
export interface CounterEvents {
  /** Spans of a router fall short: counters stand for them from now on. */
  spansShort(found: { readonly router: string; readonly missingShare: number }): void
  /** They are all there again. */
  spansComplete(found: { readonly router: string }): void
  /** How many routers are short now, of those that did not say goodbye. */
  routersShort(count: number): void
}

export function createCounterEvents({ log, counter, gauge }: Telemetry): CounterEvents {
  const name = (rest: string) => `signalbox_detect_${rest}`
  const times = counter(name('span_shortfalls_total'), 'Times that a router sent too few spans.')
  const open = gauge(name('short_routers'), 'Routers whose counters stand for their spans.')
  return {
    spansShort({ router, missingShare }) {
      times.inc()
      log.warn(
        { router, missingShare },
        'spans of a router fall short of its counters, which count instead',
      )
    },
    spansComplete: (found) => log.info(found, 'the spans of a router are all there again'),
    routersShort: (count) => open.set(count),
  }
}
