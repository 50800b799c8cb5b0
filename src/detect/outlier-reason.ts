import type { RuleOf } from '../config/rules.ts'
import { ALL, BAD, type KeyedWindow, TOTAL } from '../lib/keyed-window.ts'

/** A key that fails while the others are well, as of now. */
export interface Outlier {
  readonly place: number
  readonly ratio: number
  readonly count: number
}

/** Keys that a reason names. */
const NAMED_MAX = 3
/** Counts grow with every item; a reason that changed each time would be told each time. */
const KEPT_MS = 10_000

/**
 * Says which keys stand out: `model sdxl-v9: 12 of 12 bad, the rest 0.4 %`. The text is made anew
 * when other keys do, and else every 10 s of event time.
 */
export function createOutlierReason({
  rule,
  window,
}: {
  rule: RuleOf<'outlier'>
  window: KeyedWindow
}) {
  let known = { names: '', text: '', atMs: Number.NEGATIVE_INFINITY }
  const sum = (place: number, channel: number, endMs: number) =>
    window.sum({ place, channel, endMs, windowMs: rule.windowMs })
  const describe = (outliers: readonly Outlier[], endMs: number) => {
    let total = sum(ALL, TOTAL, endMs)
    let bad = sum(ALL, BAD, endMs)
    const parts = outliers.map(({ place }) => {
      const ofTotal = sum(place, TOTAL, endMs)
      const ofBad = sum(place, BAD, endMs)
      total -= ofTotal
      bad -= ofBad
      return `${window.keyAt(place)}: ${Math.round(ofBad)} of ${Math.round(ofTotal)} bad`
    })
    const percent = total > 0 ? Number(((bad / total) * 100).toFixed(1)) : 0
    return `${rule.key} ${parts.slice(0, NAMED_MAX).join(', ')}, the rest ${percent} %`
  }
  return {
    of(outliers: readonly Outlier[], endMs: number): string {
      const named = outliers.slice(0, NAMED_MAX).map(({ place }) => window.keyAt(place))
      const names = named.sort().join('\u0000')
      const ageMs = endMs - known.atMs
      if (names === known.names && ageMs >= 0 && ageMs < KEPT_MS) return known.text
      known = { names, text: describe(outliers, endMs), atMs: endMs }
      return known.text
    },
  }
}
