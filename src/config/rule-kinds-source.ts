import { z } from 'zod'
import { Expected, Hold, On, Span } from './rule-fields.ts'
import { RULE_HEAD, toHead } from './rule-head.ts'

// Kinds that look at who sends, rather than at what is sent.

export const Inflight = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('inflight'),
    on: z.enum(['attempts', 'routers']).optional(),
    trip: z.strictObject({ oldest_above: Span, for: Hold }),
    clear: z.strictObject({ below: Span.optional(), for: Hold }).prefault({}),
  })
  .transform(({ kind, on, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    ...(on !== undefined && { on }),
    trip: { oldestAboveMs: trip.oldest_above, forMs: trip.for },
    clear: { belowMs: clear.below ?? trip.oldest_above, windowMs: head.window, forMs: clear.for },
  }))

export const Silence = z
  .strictObject({
    ...RULE_HEAD,
    kind: z.literal('silence'),
    on: On.optional(),
    expect: Expected,
    only_while: z.literal('alive').optional(),
    trip: z.strictObject({ for: Span }),
    clear: z.strictObject({ for: Hold }).prefault({}),
  })
  .transform(({ kind, on, expect, only_while, trip, clear, ...head }) => ({
    ...toHead(head),
    kind,
    ...(on !== undefined && { on }),
    expect,
    isOnlyWhileAlive: only_while === 'alive',
    // Here `for` is the silence itself, not a hold on top of it.
    trip: { silentMs: trip.for, forMs: 0 },
    clear: { windowMs: head.window, forMs: clear.for },
  }))
