import { z } from 'zod'
import { DurationOr } from './fields.ts'
import { Count, Hold, On, Span } from './rule-fields.ts'
import { RULE_HEAD, toHead } from './rule-head.ts'

const METHODS = ['cusum', 'psi'] as const
type Method = (typeof METHODS)[number]

/** PSI over 0.2 is the usual word for a shift; 8 standard deviations, see `detect/cusum.ts`. */
const ABOVE = { cusum: 8, psi: 0.2 } as const
const BASELINE = { cusum: DurationOr('1h'), psi: DurationOr('7d') } as const

export const Change = z
  .strictObject({
    ...RULE_HEAD,
    // Statistics buy recall with a steady stream of false alarms: they annotate.
    severity: z
      .literal('info', 'a change annotates and never pages: its severity is always info')
      .default('info'),
    kind: z.literal('change'),
    on: On,
    of: z.string().min(1),
    method: z.enum(METHODS).default('cusum'),
    baseline: Span.refine((ms) => ms <= 2_592_000_000, 'must be at most 30d').optional(),
    trip: z
      .strictObject({
        above: z.number().positive().optional(),
        min_count: Count.default(30),
        for: Hold,
      })
      .prefault({}),
    clear: z.strictObject({ for: Hold }).prefault({}),
  })
  .refine(({ method, of }) => method !== 'psi' || of !== 'volume', {
    path: ['of'],
    message: 'name a field: psi compares its values, and a volume has none',
  })
  .refine(({ method, baseline, window }) => baselineOf(method, baseline) >= 2 * window, {
    path: ['baseline'],
    message: 'must be at least twice the window',
  })
  .transform(({ kind, on, of, method, baseline, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    of,
    method,
    baselineMs: baselineOf(method, baseline),
    trip: {
      above: trip.above ?? ABOVE[method],
      countMin: trip.min_count,
      forMs: trip.for,
    },
    clear: { windowMs: head.window, forMs: clear.for },
  }))

/** Parsed only now, so that a rehearsal divides the default like durations in files. */
function baselineOf(method: Method, ms: number | undefined): number {
  return ms ?? BASELINE[method].parse(undefined)
}
