import { z } from 'zod'
import { DurationOr } from './fields.ts'
import { Count, Hold, Key, On, Span } from './rule-fields.ts'
import { RULE_HEAD, toHead, Window } from './rule-head.ts'
import { BadMatchers } from './rule-matchers.ts'
import { checkSource, SOURCE, toSource } from './rule-source.ts'

// Kinds that compare shares of bad items: one key with the rest, a budget with what is left of it.

const Level = z.number().gt(0).lt(1)

export const Outlier = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('outlier'),
    on: On,
    ...SOURCE,
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
  .superRefine(checkSource)
  .transform(({ kind, on, source, key, bad, trip, rest_below, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    ...toSource(source),
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

const BurnWindow = Span.refine((ms) => ms <= 604_800_000, 'must be at most 7d')
const Pair = z
  .strictObject({ long: BurnWindow, short: BurnWindow, factor: z.number().positive() })
  .refine(({ long, short }) => short < long, {
    path: ['short'],
    message: 'must be shorter than long',
  })

const FACTOR_FAST = 14.4
// The SRE Workbook's: 2 % of a month's budget in an hour, 5 % in six.
const PageFast = z.strictObject({
  long: DurationOr('1h'),
  short: DurationOr('5m'),
  factor: z.number().default(FACTOR_FAST),
})
const PageSlow = z.strictObject({
  long: DurationOr('6h'),
  short: DurationOr('30m'),
  factor: z.number().default(6),
})

const { window: _, ...HEAD_WITHOUT_WINDOW } = RULE_HEAD

export const BurnRate = z
  .strictObject({
    ...HEAD_WITHOUT_WINDOW,
    kind: z.literal('burn_rate'),
    on: On,
    ...SOURCE,
    bad: BadMatchers,
    objective: z.number().gt(0).lt(1),
    windows: z.array(Pair).min(1).max(8).optional(),
    // Samples in the long window: one failure among a hundred is no trend.
    trip: z.strictObject({ min_count: Count.default(30), for: Hold }).prefault({}),
    clear: z.strictObject({ for: Hold }).prefault({}),
  })
  .superRefine(({ objective, windows }, context) => {
    const message = `can never be exceeded: when everything fails, the budget burns ${burnOfAll(objective)} times`
    const isNever = (factor: number) => factor * (1 - objective) >= 1
    const problem = (path: PropertyKey[], text: string) =>
      context.addIssue({ code: 'custom', path, message: text })
    for (const [index, { factor }] of (windows ?? []).entries())
      if (isNever(factor)) problem(['windows', index, 'factor'], message)
    if (windows === undefined && isNever(FACTOR_FAST))
      problem(['windows'], `give windows of your own: the default factor ${FACTOR_FAST} ${message}`)
  })
  .superRefine(checkSource)
  .transform(({ kind, on, source, bad, objective, windows, trip, clear, ...head }) => {
    // Parsed only now, so that a rehearsal divides them like durations in files.
    const pairs = windows ?? [PageFast.parse({}), PageSlow.parse({})]
    const shortestMs = Math.min(...pairs.map(({ short }) => short))
    return {
      // What it asks of windows in general: the rate of a sender before it fell silent.
      ...toHead({ ...head, window: shortestMs }),
      kind,
      on,
      ...toSource(source),
      bad,
      objective,
      windows: pairs.map(({ long, short, factor }) => ({ longMs: long, shortMs: short, factor })),
      trip: { countMin: trip.min_count, forMs: trip.for },
      clear: { windowMs: shortestMs, forMs: clear.for },
    }
  })

function burnOfAll(objective: number): number {
  return Number((1 / (1 - objective)).toFixed(1))
}
