import { z } from 'zod'

// What is asked of a back-test, and what it answers.

const Text = z.string()
const Texts = z.record(z.string(), z.string())
const Time = z.iso.datetime({ offset: true })
const RULES_BYTES_MAX = 900_000

/** One file, or several by name. */
const Rules = z
  .union([Text, Texts])
  .refine((rules) => JSON.stringify(rules).length <= RULES_BYTES_MAX, 'at most 900,000 characters')

export const BacktestBody = z.strictObject({
  from: Time.describe('receive time, by the clock of the server'),
  to: Time,
  rules: Rules.optional().describe('YAML of rules/*.yaml; without it, the rules in force'),
  warm_up_s: z.number().min(0).max(86_400).optional(),
  fixture: z.strictObject({ rule: Text.min(1), by: Texts.optional() }).optional(),
})

const Trip = z.object({ by: Texts, fired_at: Text, cleared_at: Text.nullable() })
const Matched = Trip.extend({
  reference: Trip,
  fired_earlier_s: z.number(),
  cleared_earlier_s: z.number().nullable(),
})
const Difference = z.object({
  ...{ summary: Text, matched: z.array(Matched), extra: z.array(Trip), missing: z.array(Trip) },
})

export const Backtest = z.object({
  schema: z.literal('signalbox.backtest/v1'),
  ...{ from: Text, to: Text, warm_up_from: Text, took_s: z.number(), cpu_s: z.number() },
  ...{ observations: z.number().int(), batches: z.number().int() },
  rule_set: z.enum(['in_force', 'given']),
  rules: z.array(
    z.object({
      ...{ rule: Text, trips: z.array(Trip), trips_per_30d: z.number() },
      ...{ against_live: Difference, against_in_force: Difference.optional() },
    }),
  ),
  notes: z.array(Text),
  fixture: Text.optional().describe('a rule test as YAML, when one was asked for'),
})

export const BacktestRunning = z.object({ from: Text, to: Text, done_ratio: z.number() })
