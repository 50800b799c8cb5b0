import { z } from 'zod'
import { Duration, MatcherField } from './fields.ts'

// The small building blocks of rules.

/** What a rule looks at. `routers`: their status reports, each router once. */
export const On = z.enum(['attempts', 'requests', 'spans', 'logs', 'metrics', 'routers'])
export type On = z.output<typeof On>

export const Span = Duration.refine((ms) => ms > 0, 'must be longer than nothing')
/** How long a condition must hold; nothing by default. */
export const Hold = Duration.default(0)
export const Count = z.number().int().min(1)
export const Key = z.string().min(1)

/** A metric's name, or its spellings. */
export const Metric = z.union([Key, z.array(Key).min(1)])

/** Who is expected to be heard: routers, workers, or any items that match. */
export const Expected = z.union([z.enum(['routers', 'workers']), z.record(Key, MatcherField)])
