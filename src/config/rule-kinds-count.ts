import { z } from 'zod'
import { Count, Hold, On } from './rule-fields.ts'
import { CLEAR_WINDOW, RULE_HEAD, toClear, toHead, Window } from './rule-head.ts'
import { BadMatchers, DistinctMin } from './rule-matchers.ts'
import { checkSource, SOURCE, toSource } from './rule-source.ts'

// Kinds that count items. What people write comes out under names with units.

const Level = z.number().gt(0).lt(1)
const Positive = z.number().positive()
const CountTrip = { at_least: Positive, for: Hold }
const CountClear = z
  .strictObject({ below: Positive.optional(), window: Window.optional(), for: Hold })
  .prefault({})
const CLEAR_OVER_TRIP = {
  path: ['clear', 'below'],
  message: 'must not be over trip.at_least',
}

export const Ratio = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('ratio'),
    on: On,
    ...SOURCE,
    bad: BadMatchers,
    trip: z.strictObject({
      above: Level,
      // At 20 % true failures, 30 requests trip a 40 % rule falsely once in 105 evaluations.
      min_count: Count.default(30),
      min_distinct: DistinctMin,
      for: Hold,
    }),
    clear: z.strictObject({ below: Level.optional(), ...CLEAR_WINDOW }).prefault({}),
  })
  .refine(({ trip, clear }) => (clear.below ?? 0) <= trip.above, {
    path: ['clear', 'below'],
    message: 'must not be over trip.above',
  })
  .superRefine(checkSource)
  .transform(({ kind, on, source, bad, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    ...toSource(source),
    bad,
    trip: {
      above: trip.above,
      countMin: trip.min_count,
      distinctMin: trip.min_distinct,
      forMs: trip.for,
    },
    clear: {
      below: clear.below ?? trip.above,
      ...toClear(clear, { windowMs: head.window, countMin: trip.min_count }),
    },
  }))

export const CountOf = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('count'),
    on: On,
    ...SOURCE,
    trip: z.strictObject({ ...CountTrip, min_distinct: DistinctMin }),
    clear: CountClear,
  })
  .refine(isClearBelowTrip, CLEAR_OVER_TRIP)
  .superRefine(checkSource)
  .transform(({ kind, on, source, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    ...toSource(source),
    trip: { atLeast: trip.at_least, distinctMin: trip.min_distinct, forMs: trip.for },
    clear: {
      below: clear.below ?? trip.at_least,
      windowMs: clear.window ?? head.window,
      forMs: clear.for,
    },
  }))

export const Distinct = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('distinct'),
    on: On,
    ...SOURCE,
    of: z.string().min(1),
    trip: z.strictObject(CountTrip),
    clear: CountClear,
  })
  .refine(isClearBelowTrip, CLEAR_OVER_TRIP)
  .superRefine(checkSource)
  .transform(({ kind, on, source, of, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    ...toSource(source),
    of,
    trip: { atLeast: trip.at_least, forMs: trip.for },
    clear: {
      below: clear.below ?? trip.at_least,
      windowMs: clear.window ?? head.window,
      forMs: clear.for,
    },
  }))

type Levels = {
  readonly trip: { at_least: number }
  readonly clear: { below?: number | undefined }
}

function isClearBelowTrip({ trip, clear }: Levels): boolean {
  return (clear.below ?? 0) <= trip.at_least
}
