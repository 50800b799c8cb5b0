import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { createValueWindow } from '../lib/value-window.ts'
import type { Instant, KindState } from './kind.ts'
import { metricValue } from './number-of.ts'

/**
 * Fires when one metric stays away from another: desired − actual over a level (a number, a share of
 * desired, or both), or desired at its own maximum; optionally only while another rule fires.
 *
 * Compares the newest readings of the window, so the window must span two exports of the sender.
 * That something is *wanting* is the other rule's evidence: without it a slow start is no fault.
 */
export function createGap(rule: RuleOf<'gap'>): KindState {
  const { windowMs, trip, clear } = rule
  const options = { bucketMs: bucketMsOf(windowMs), spanMs: Math.max(windowMs, clear.windowMs) }
  const series = [rule.desired, rule.actual, rule.atMax].map((names) => ({
    names,
    window: createValueWindow(options),
  }))
  const lastOf = (at: Instant, spanMs: number) =>
    series.map(({ window }) => window.summary(at.endUnixMs, spanMs)?.last)

  const compare = (at: Instant, spanMs: number) => {
    const [desired, actual, max] = lastOf(at, spanMs)
    if (desired === undefined || actual === undefined) return undefined
    const gap = desired - actual
    const isApart = gap > Math.max(trip.above, trip.aboveRatio * desired)
    const isAtMax = max !== undefined && desired >= max
    return { gap, isApart: isApart || isAtMax }
  }

  return {
    add(item) {
      let isOurs: true | undefined
      for (const { names, window } of series) {
        const value = metricValue(item, names)
        if (value === undefined) continue
        window.add(item.atUnixMs, value)
        isOurs = true
      }
      return isOurs
    },
    judge(at) {
      const missing = at.missing(windowMs)
      const now = compare(at, windowMs)
      const threshold = trip.above > 0 ? trip.above : trip.aboveRatio
      if (!now) return { outcome: missing > 0 ? 'open' : 'few', value: null, threshold, count: 0 }
      const trips = now.isApart && (rule.onlyIf === undefined || at.look(rule.onlyIf).isFiring)
      const isOpen = missing > 0 && !(trips && at.isTripped)
      const outcome = isOpen ? 'open' : trips ? 'trips' : 'calm'
      return { outcome, value: now.gap, threshold, count: 1 }
    },
    clears(at) {
      // The gap itself must close: a queue that stops growing does not bring the replicas.
      const now = compare(at, clear.windowMs)
      return now !== undefined && !now.isApart && at.missing(clear.windowMs) === 0
    },
    restart() {
      for (const { window } of series) window.clear()
    },
    save: () => series.map(({ window }) => window.save()),
    load: (saved) =>
      Array.isArray(saved) && series.every(({ window }, index) => window.load(saved[index])),
  }
}
