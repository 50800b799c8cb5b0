import { z } from 'zod'
import { DurationOr } from './fields.ts'
import { Hold, Span } from './rule-fields.ts'
import { RULE_HEAD, toHead, Window } from './rule-head.ts'
import { DistinctMin } from './rule-matchers.ts'

// Kinds that read what logs say.

const Positive = z.number().positive()

export const Novelty = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('novelty'),
    // Only logs have templates.
    on: z.literal('logs'),
    unseen_for: DurationOr('7d', Span),
    trip: z.strictObject({ at_least: Positive, min_distinct: DistinctMin, for: Hold }),
    clear: z
      .strictObject({ below: Positive.optional(), window: Window.optional(), for: Hold })
      .prefault({}),
  })
  .refine(({ trip, clear }) => (clear.below ?? 0) <= trip.at_least, {
    path: ['clear', 'below'],
    message: 'must not be over trip.at_least',
  })
  // What is new within a window must be unseen for longer than that window.
  .refine(({ window, unseen_for }) => unseen_for >= window, {
    path: ['unseen_for'],
    message: 'must not be shorter than window',
  })
  .transform(({ kind, on, unseen_for, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    on,
    unseenForMs: unseen_for,
    trip: { atLeast: trip.at_least, distinctMin: trip.min_distinct, forMs: trip.for },
    clear: {
      below: clear.below ?? trip.at_least,
      windowMs: clear.window ?? head.window,
      forMs: clear.for,
    },
  }))
