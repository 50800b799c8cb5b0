import { z } from 'zod'
import { parseDurationMs } from '../lib/duration.ts'
import { Matchers } from './fields.ts'
import { Count, Key } from './rule-fields.ts'

/** Matchers of a rule. `duration` is compared with durations, so that no one reads 10 as seconds. */
export const RuleMatchers = z
  .record(Key, z.unknown())
  .superRefine((matchers, context) => {
    const { duration } = matchers
    if (duration === undefined) return
    const problem = (path: PropertyKey[]) =>
      context.addIssue({
        code: 'custom',
        path: ['duration', ...path],
        message: 'compare a duration with a duration: { gte: 10s }',
      })
    if (typeof duration !== 'object' || duration === null) return problem([])
    for (const [operator, value] of Object.entries(duration)) {
      if (operator === 'exists') continue
      if (typeof value !== 'string' || parseDurationMs(value) === undefined) problem([operator])
    }
  })
  .pipe(Matchers)

/** Absent keys match everything, so an empty map would make every item bad. */
export const BadMatchers = RuleMatchers.refine(
  (matchers) => Object.keys(matchers).length > 0,
  'must name at least one field',
)

/** Least number of different values among the bad events, by field. */
export const DistinctMin = z.record(Key, Count).default({})
