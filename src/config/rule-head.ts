import { z } from 'zod'
import { DurationOr, KebabId } from './fields.ts'
import { Count, Hold, Key, Span } from './rule-fields.ts'
import { RuleMatchers } from './rule-matchers.ts'
import { compileTitle } from './rule-title.ts'

// What rules of every kind share: the head, and the window of the clear side.

/** What slides: its buckets are a second at most, and each group holds them all. */
export const Window = Span.refine((ms) => ms <= 86_400_000, 'must be at most 1d')

const Severity = z.enum(['info', 'warning', 'error', 'critical'])

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
  window: DurationOr('60s', Window),
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
export const CLEAR_WINDOW = { window: Window.optional(), min_count: Count.optional(), for: Hold }
