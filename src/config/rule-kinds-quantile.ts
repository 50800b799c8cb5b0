import { z } from 'zod'
import { DurationOr } from './fields.ts'
import { Count, Hold, On, Span } from './rule-fields.ts'
import { CLEAR_WINDOW, RULE_HEAD, toClear, toHead } from './rule-head.ts'
import { Level, toLevel } from './rule-kinds-value.ts'

const Times = z.number().positive()

export const Quantile = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('quantile'),
    on: On,
    of: z.string().min(1),
    q: z.number().gt(0).lt(1),
    trip: z.strictObject({
      above: Level.optional(),
      times_baseline: Times.optional(),
      min_count: Count.default(30),
      for: Hold,
    }),
    clear: z
      .strictObject({
        below: Level.optional(),
        times_baseline: Times.optional(),
        ...CLEAR_WINDOW,
      })
      .prefault({}),
    // What is slower than usual and still fast wakes nobody.
    floor: Level.optional(),
    baseline: DurationOr(
      '1h',
      Span.refine((ms) => ms <= 604_800_000, 'must be at most 7d'),
    ),
  })
  .superRefine((rule, context) => {
    const { trip, clear, floor, of } = rule
    const problem = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    if (trip.above === undefined && trip.times_baseline === undefined)
      problem(['trip'], 'give above, times_baseline or both (then both must be exceeded)')
    const levels = [
      { path: ['trip', 'above'], raw: trip.above },
      { path: ['clear', 'below'], raw: clear.below },
      { path: ['floor'], raw: floor },
    ]
    for (const { path, raw } of levels)
      if (raw !== undefined && toLevel(of, raw) === undefined)
        problem(path, `expected a ${of === 'duration' ? 'duration' : 'number'}`)
    if (isOver(toLevelMaybe(of, clear.below), toLevelMaybe(of, trip.above)))
      problem(['clear', 'below'], 'must not be over trip.above')
    if (isOver(clear.times_baseline, trip.times_baseline))
      problem(['clear', 'times_baseline'], 'must not be over trip.times_baseline')
    const isRelative = trip.times_baseline !== undefined || clear.times_baseline !== undefined
    if (isRelative && rule.baseline <= rule.window)
      problem(['baseline'], 'must be longer than the window')
  })
  .transform(({ kind, on, of, q, trip, clear, floor, baseline, ...head }) => {
    const isOwn = clear.below !== undefined || clear.times_baseline !== undefined
    const above = toLevelMaybe(of, trip.above)
    return {
      ...toHead(head),
      kind,
      on,
      of,
      q,
      baselineMs: baseline,
      floor: toLevelMaybe(of, floor),
      trip: {
        above,
        timesBaseline: trip.times_baseline,
        countMin: trip.min_count,
        forMs: trip.for,
      },
      clear: {
        /** Whether it names levels of its own; else they are those of the trip. */
        isOwn,
        below: isOwn ? toLevelMaybe(of, clear.below) : above,
        timesBaseline: isOwn ? clear.times_baseline : trip.times_baseline,
        ...toClear(clear, { windowMs: head.window, countMin: trip.min_count }),
      },
    }
  })

function toLevelMaybe(of: string, raw: number | string | undefined): number | undefined {
  return raw === undefined ? undefined : toLevel(of, raw)
}

function isOver(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a > b
}
