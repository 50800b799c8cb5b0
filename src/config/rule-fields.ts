import { z } from 'zod'
import { parseDurationMs } from '../lib/duration.ts'
import { Duration, KebabId, MatcherField, Matchers } from './fields.ts'
import { compileTitle } from './rule-title.ts'

// What rules of every kind share. Windows, levels and counts of one kind stand in rule-kinds.ts.

/** What a rule looks at. `routers`: their status reports, each router once. */
export const On = z.enum(['attempts', 'requests', 'spans', 'logs', 'metrics', 'routers'])
export type On = z.output<typeof On>

export const Severity = z.enum(['info', 'warning', 'error', 'critical'])

export const Span = Duration.refine((ms) => ms > 0, 'must be longer than nothing')
/** How long a condition must hold; nothing by default. */
export const Hold = Duration.default(0)
export const Count = z.number().int().min(1)
const Key = z.string().min(1)

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

/** A metric's name, or its spellings. */
export const Metric = z.union([Key, z.array(Key).min(1)])

/** Who is expected to be heard: routers, workers, or any items that match. */
export const Expected = z.union([z.enum(['routers', 'workers']), z.record(Key, MatcherField)])

/** Keys of every rule. `title` absent: the rule's id. */
export const RULE_HEAD = {
  id: KebabId,
  title: z
    .string()
    .min(1)
    .superRefine((template, context) => {
      try {
        compileTitle(template)
      } catch (fault) {
        const message = String((fault as Error).message).replaceAll(/\s*\n\s*/g, ' ')
        context.addIssue({ code: 'custom', message: `not a valid title: ${message}` })
      }
    })
    .optional(),
  where: RuleMatchers.default({}),
  by: z
    .array(Key)
    .refine((keys) => new Set(keys).size === keys.length, 'a key may stand here only once')
    .default([]),
  window: Span.default(60_000),
  severity: Severity.default('warning'),
  labels: z.record(Key, z.string()).default({}),
  runbook: z.string().min(1).optional(),
}

const Head = z.strictObject(RULE_HEAD)
type Head = z.output<typeof Head>

/** The head under the names that code uses. */
export function toHead({ id, title, where, by, window, severity, labels, runbook }: Head) {
  return {
    id,
    title: title ?? id,
    where,
    by,
    windowMs: window,
    severity,
    labels,
    ...(runbook !== undefined && { runbook }),
  }
}

interface ClearWindow {
  readonly window?: number | undefined
  readonly min_count?: number | undefined
  readonly for: number
}

/** Window, least count and hold of the clear side: what is left out is as for tripping. */
export function toClear(clear: ClearWindow, trip: { windowMs: number; countMin: number }) {
  return {
    windowMs: clear.window ?? trip.windowMs,
    countMin: clear.min_count ?? trip.countMin,
    forMs: clear.for,
  }
}

/** Keys of every `clear` that reads a window. */
export const CLEAR_WINDOW = { window: Span.optional(), min_count: Count.optional(), for: Hold }
