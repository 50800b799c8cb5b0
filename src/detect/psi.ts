import type { RuleOf } from '../config/rules.ts'
import { formatDurationMs } from '../lib/duration.ts'
import type { KindState, Reading } from './kind.ts'
import { leastOf } from './mix-sums.ts'
import { createMixWindows } from './mix-windows.ts'
import { mixedValueOf } from './number-of.ts'
import type { Shift } from './population-shift.ts'
import { REST_MS } from './slack.ts'

/** Trip and clear apart, or a mix at the level would come and go. */
const CLEAR_RATIO = 0.5

/**
 * Fires when the mix of a field's values differs from what it was: the population stability index of
 * the window against the baseline before it, over classes. Numbers fall into classes by log2, texts
 * by a hash into one of 64: no text is kept.
 *
 * So few items as there are differ by chance: the threshold is `above` and what chance brings in one
 * case of a thousand; it clears at half of `above` and that. The baseline goes on learning, so that a
 * mix that stays becomes the normal one.
 * Memory per group: 53 KB.
 */
export function createPsi(rule: RuleOf<'change'>): KindState {
  const { windowMs, baselineMs, trip, of } = rule
  const mix = createMixWindows({ windowMs, baselineMs, countMin: trip.countMin })
  let isNumber = false
  let reason: string | undefined
  const clear = () => {
    mix.clear()
    reason = undefined
  }
  return {
    add(item) {
      const value = mixedValueOf(item, of)
      if (value === undefined || !mix.add(item, value)) return undefined
      isNumber = typeof value === 'number'
      return true
    },
    addAll(item, numbers) {
      if (!mix.addAll(item, numbers)) return undefined
      isNumber = true
      return true
    },
    judge(at) {
      mix.advance(at.endUnixMs)
      const shift = mix.shift(at.endUnixMs)
      const isMissing = at.missing(windowMs) > 0
      const facts = { threshold: trip.above + (shift?.chance ?? 0), count: mix.count(at.endUnixMs) }
      if (!shift) return { outcome: isMissing ? 'open' : 'few', value: null, ...facts }
      const isOver = shift.index > facts.threshold
      // Shares move with every item; what is told once stays told.
      reason = isOver ? (reason ?? describe({ of, isNumber, shift })) : undefined
      const isOpen = isMissing && !(isOver && at.isTripped)
      const outcome: Reading['outcome'] = isOpen ? 'open' : isOver ? 'trips' : 'calm'
      return { outcome, value: shift.index, ...facts, ...(reason !== undefined && { reason }) }
    },
    // A mix over hours moves little by what comes within a second.
    slack: (endUnixMs) => ({
      ...{ weight: Number.POSITIVE_INFINITY, untilUnixMs: endUnixMs + REST_MS },
    }),
    clears(at) {
      const shift = mix.shift(at.endUnixMs)
      if (shift === undefined || at.missing(windowMs) > 0) return false
      return shift.index < trip.above * CLEAR_RATIO + shift.chance
    },
    // What was normal stays so: only the evidence starts anew.
    restart: mix.restart,
    save: () => [mix.save(), isNumber, reason ?? null],
    load(saved) {
      const [windows, isOfNumbers, told] = Array.isArray(saved) ? saved : []
      const isText = told === null || typeof told === 'string'
      if (!mix.load(windows) || typeof isOfNumbers !== 'boolean' || !isText) {
        clear()
        return false
      }
      isNumber = isOfNumbers
      reason = told ?? undefined
      return true
    },
  }
}

function describe(query: { of: string; isNumber: boolean; shift: Shift }): string {
  const { of, isNumber, shift } = query
  const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`
  const moved = `from ${percent(shift.from)} to ${percent(shift.to)}`
  if (!isNumber) return `one value of ${of} ${moved}`
  const render = (place: number) =>
    of === 'duration' ? formatDurationMs(leastOf(place)) : String(leastOf(place))
  return `${of} between ${render(shift.place)} and ${render(shift.place + 1)} ${moved}`
}
