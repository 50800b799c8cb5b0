import { z } from 'zod'
import { KebabId } from './fields.ts'
import { Hold, Span } from './rule-fields.ts'
import { RULE_HEAD, toHead } from './rule-head.ts'

// Kinds that look at other rules instead of telemetry.

const { where: _where, window: _window, ...HEAD } = RULE_HEAD

/** `within`: a rule counts as long as it fires, and for so long after. */
const COMPOSITE = {
  ...HEAD,
  rules: z
    .array(KebabId)
    .min(1)
    .refine((ids) => new Set(ids).size === ids.length, 'a rule may stand here only once'),
  within: Span.default(60_000),
  trip: z.strictObject({ for: Hold }).prefault({}),
  clear: z.strictObject({ for: Hold }).prefault({}),
}

export const AllOf = z
  .strictObject({ ...COMPOSITE, kind: z.literal('all_of') })
  .transform(({ kind, ...rule }) => ({ ...toComposite(rule), kind }))

export const AnyOf = z
  .strictObject({ ...COMPOSITE, kind: z.literal('any_of') })
  .transform(({ kind, ...rule }) => ({ ...toComposite(rule), kind }))

const Composite = z.strictObject(COMPOSITE)

function toComposite({ rules, within, trip, clear, ...head }: z.output<typeof Composite>) {
  return {
    ...toHead({ ...head, where: {}, window: within }),
    on: undefined,
    rules,
    withinMs: within,
    trip: { forMs: trip.for },
    clear: { windowMs: within, forMs: clear.for },
  }
}
