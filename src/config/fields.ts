import { z } from 'zod'
import { parseDurationMs } from '../lib/duration.ts'
import { Pattern } from './pattern.ts'

// The building blocks that the files of `alerts/` share.

const DURATION_EXPECTED = 'expected a duration such as 250ms, 90s, 5m, 1h or 7d'

// A bare number is the usual slip; a missing key keeps the message that says so.
const expectedDuration = ({ input }: { readonly input: unknown }) =>
  input === undefined ? undefined : DURATION_EXPECTED

/** `250ms`, `90s`, `5m`, `1h`, `7d` → milliseconds. */
export const Duration = z.string({ error: expectedDuration }).transform((text, context) => {
  const ms = parseDurationMs(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: DURATION_EXPECTED })
  return z.NEVER
})

// Zod hands no context to a default, and parsing is synchronous: meanwhile the speed stands here.
let speedNow = 1

/** Runs `parse` with every default of `DurationOr` divided by `speed`, as the file's own are. */
export function atSpeed<T>(speed: number, parse: () => T): T {
  const before = speedNow
  speedNow = speed
  try {
    return parse()
  } finally {
    speedNow = before
  }
}

/** A duration with a default, written as in a file: a rehearsal divides it like those in files. */
export function DurationOr(text: string, schema: typeof Duration = Duration) {
  const ms = parseDurationMs(text)
  if (ms === undefined) throw new Error(`${text} is no duration`)
  return schema.prefault(() => `${ms / speedNow}ms`)
}

/** A stable name: lower-case words joined by dashes. */
export const KebabId = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected kebab-case: lower-case letters, digits and dashes')

const Scalar = z.union([z.string(), z.number(), z.boolean()])

/** A number, or a duration where a field such as `duration` is compared: `{ gte: 10s }`. */
export const Threshold = z.union([z.number(), Duration])

const Operators = z.strictObject({
  not: z.union([Scalar, z.array(Scalar)]).optional(),
  match: Pattern.optional(),
  exists: z.boolean().optional(),
  gt: Threshold.optional(),
  gte: Threshold.optional(),
  lt: Threshold.optional(),
  lte: Threshold.optional(),
})

/** A value, a list (any of), or a map of operators; compiled by `lib/matcher.ts`. */
export const MatcherField = z.union([Scalar, z.array(Scalar), Operators])

/** `{ field: matcher, … }`, all of which must hold. */
export const Matchers = z.record(z.string(), MatcherField)

/** A secret or address: in the file, or named by an environment variable that is read at start. */
export const EnvText = z.union([z.string(), z.strictObject({ env: z.string() })])
