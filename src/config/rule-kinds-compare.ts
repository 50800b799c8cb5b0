import { z } from 'zod'
import { Count, Hold, Key, On } from './rule-fields.ts'
import { RULE_HEAD, toHead, Window } from './rule-head.ts'
import { BadMatchers } from './rule-matchers.ts'

// Kinds that compare shares of bad items: one key with the rest, a budget with what is left of it.

const Level = z.number().gt(0).lt(1)

export const Outlier = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('outlier'),
    on: On,
    key: Key,
    bad: BadMatchers,
    trip: z.strictObject({
      above: Level,
      // Of a key and of all the others together: seldom asked models matter too.
      min_count: Count.default(5),
      times_rest: z.number().positive().optional(),
      for: Hold,
    }),
    rest_below: Level.default(0.1),
    clear: z
      .strictObject({ below: Level.optional(), window: Window.optional(), for: Hold })
      .prefault({}),
  })
  .refine(({ trip, clear }) => (clear.below ?? 0) <= trip.above, {
    path: ['clear', 'below'],
    message: 'must not be over trip.above',
  })
  .refine(({ by, key }) => !by.includes(key), {
    path: ['key'],
    message: 'must not stand in by: a group would hold one key only, and no rest',
  })
  .transform(({ kind, on, key, bad, trip, rest_below, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    key,
    bad,
    restBelow: rest_below,
    trip: {
      above: trip.above,
      countMin: trip.min_count,
      timesRest: trip.times_rest,
      forMs: trip.for,
    },
    clear: {
      below: clear.below ?? trip.above,
      windowMs: clear.window ?? head.window,
      forMs: clear.for,
    },
  }))
