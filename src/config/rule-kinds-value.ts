import { z } from 'zod'
import { parseDurationMs } from '../lib/duration.ts'
import { KebabId } from './fields.ts'
import { Count, Hold, Metric, On, Span } from './rule-fields.ts'
import { CLEAR_WINDOW, RULE_HEAD, toClear, toHead, Window } from './rule-head.ts'
import { BadMatchers } from './rule-matchers.ts'
import { checkSource, SOURCE, toSource } from './rule-source.ts'

// Kinds that read numbers: metrics, attributes, durations, volumes.

// A duration where `of: duration`, else a number; which one is only known beside `of`.
export const Level = z.union([z.number(), z.string()])
const Levels = { above: Level.optional(), below: Level.optional() }

// Readings of many series (one per worker, say) are summed up first, as with `sum by` in PromQL.
const SeriesSum = z.literal('sum').optional()

const AGGREGATES = ['last', 'avg', 'min', 'max', 'sum', 'rate'] as const

export const Value = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('value'),
    on: On,
    of: z.string().min(1),
    agg: z.enum(AGGREGATES),
    // The sum over all items, divided by how many of them match: cost per success.
    per: BadMatchers.optional(),
    series: SeriesSum,
    trip: z.strictObject({ ...Levels, min_count: Count.optional(), for: Hold }),
    clear: z.strictObject({ ...Levels, ...CLEAR_WINDOW }).prefault({}),
  })
  .superRefine((rule, context) => {
    const problem = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const { trip, clear } = rule
    if ((trip.above === undefined) === (trip.below === undefined))
      problem(['trip'], 'give one of above and below')
    if (trip.above !== undefined && clear.above !== undefined)
      problem(['clear', 'above'], 'a rule that trips above a level clears below one')
    if (trip.below !== undefined && clear.below !== undefined)
      problem(['clear', 'below'], 'a rule that trips below a level clears above one')
    if (rule.per !== undefined && rule.agg !== 'sum')
      problem(['per'], 'goes with agg: sum, which it divides')
    if (rule.series && (rule.on !== 'metrics' || rule.agg === 'rate' || rule.agg === 'sum'))
      problem(['series'], 'goes with on: metrics and agg: last, avg, min or max')
    for (const side of ['trip', 'clear'] as const)
      for (const level of ['above', 'below'] as const) {
        const raw = rule[side][level]
        if (raw !== undefined && toLevel(rule.of, raw) === undefined)
          problem([side, level], `expected a ${rule.of === 'duration' ? 'duration' : 'number'}`)
      }
  })
  .transform(({ kind, on, of, agg, per, series, trip, clear, ...head }) => {
    const isAbove = trip.above !== undefined
    const level = toLevel(of, trip.above ?? trip.below ?? 0) ?? 0
    const clearRaw = isAbove ? clear.below : clear.above
    // One reading is a reading; of a quotient, enough items must match.
    const countMin = trip.min_count ?? (per ? 30 : 1)
    return {
      ...toHead(head),
      kind,
      on,
      of,
      agg,
      ...(per && { per }),
      ...(series && { series }),
      trip: { isAbove, level, countMin, forMs: trip.for },
      clear: {
        level: (clearRaw !== undefined && toLevel(of, clearRaw)) || level,
        ...toClear(clear, { windowMs: head.window, countMin }),
      },
    }
  })

/** Undefined when it is not written as its field asks: durations as such, all else as numbers. */
export function toLevel(of: string, raw: number | string): number | undefined {
  if (of === 'duration') return typeof raw === 'string' ? parseDurationMs(raw) : undefined
  return typeof raw === 'number' ? raw : undefined
}

export const Gap = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('gap'),
    on: z.literal('metrics').default('metrics'),
    desired: Metric,
    actual: Metric,
    trip: z.strictObject({
      above: z.number().min(0).optional(),
      above_ratio: z.number().min(0).optional(),
      for: Hold,
    }),
    clear: z.strictObject({ window: Window.optional(), for: Hold }).prefault({}),
    or_at_max: Metric.optional(),
    only_if: KebabId.optional(),
  })
  .refine(({ trip }) => trip.above !== undefined || trip.above_ratio !== undefined, {
    path: ['trip'],
    message: 'give above, above_ratio or both (then both must be exceeded)',
  })
  .transform(({ kind, on, desired, actual, trip, clear, or_at_max, only_if, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    desired: [desired].flat(),
    actual: [actual].flat(),
    atMax: or_at_max === undefined ? [] : [or_at_max].flat(),
    ...(only_if !== undefined && { onlyIf: only_if }),
    trip: { above: trip.above ?? 0, aboveRatio: trip.above_ratio ?? 0, forMs: trip.for },
    clear: { windowMs: clear.window ?? head.window, forMs: clear.for },
  }))

/** `of` absent (or `volume`): how many items come, instead of a number in them. */
export const Growth = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('growth'),
    on: On,
    ...SOURCE,
    of: z.string().min(1).default('volume'),
    per: BadMatchers.optional(),
    series: SeriesSum,
    trip: z.strictObject({
      times: z.number().gt(1).optional(),
      // 0.2: less than a fifth of before. 5 says the same: it fell five-fold.
      times_below: z.number().positive().optional(),
      min_count: Count.optional(),
      for: Hold,
    }),
    clear: z
      .strictObject({
        times: z.number().positive().optional(),
        window: Window.optional(),
        for: Hold,
      })
      .prefault({}),
    over: Span.optional(),
    baseline: Span.optional(),
    // What was less than this before counts as this, so that growth from nothing is finite.
    floor: z.number().positive().default(1),
  })
  .refine(({ trip }) => (trip.times === undefined) !== (trip.times_below === undefined), {
    path: ['trip'],
    message: 'give one of times and times_below',
  })
  .refine(({ over, baseline }) => over === undefined || baseline === undefined, {
    path: ['baseline'],
    message: 'give one of over and baseline',
  })
  .superRefine(checkSource)
  .refine(({ on, of, per, series }) => !series || (on === 'metrics' && of !== 'volume' && !per), {
    path: ['series'],
    message: 'goes with on: metrics and of: a number, without per',
  })
  .transform((parsed) => {
    const { kind, on, source, of, per, series, trip, clear, over, baseline, floor, ...head } =
      parsed
    const isAbove = trip.times !== undefined
    const below = trip.times_below ?? 1
    const times = trip.times ?? (below > 1 ? 1 / below : below)
    // A volume needs enough items on both sides; one reading of a gauge is a reading.
    const countMin = trip.min_count ?? (of === 'volume' || per ? 30 : 1)
    return {
      ...toHead(head),
      kind,
      on,
      ...toSource(source),
      of,
      ...(per && { per }),
      ...(series && { series }),
      floor,
      overMs: baseline === undefined ? (over ?? 600_000) : undefined,
      baselineMs: baseline,
      trip: { isAbove, times, countMin, forMs: trip.for },
      clear: {
        times: clear.times ?? times,
        windowMs: clear.window ?? head.window,
        forMs: clear.for,
      },
    }
  })
