import { z } from 'zod'
import { Pattern } from './pattern.ts'

// How a rule of `telemetry.map` says where a value is read: the smallest language that the access
// logs, spans and counters of known routers needed. A word is itself; a map reads fields; a list of
// maps is tried in order.

const PLACES_MAX = 10_000

const FieldName = z.string().min(1)

/** One name or several, of which the first that is present and says something (not `-`) counts. */
const From = z.union([FieldName, z.array(FieldName).min(1)]).transform(toList)

/** What a router calls it → what we call it; `*` in a name stands for anything, exact names win. */
export const Table = z
  .record(z.string().min(1), z.string())
  .refine((table) => Object.keys(table).length <= PLACES_MAX, `at most ${PLACES_MAX} entries`)

const Read = z
  .strictObject({
    from: From,
    /** Its first group is the value, or all that matched; without a match there is no value. */
    match: Pattern.optional(),
    table: Table.default({}),
    /** In place of what the table does not list, which else stays as it is; '' is no value. */
    else: z.string().optional(),
  })
  .readonly()
export type Read = z.output<typeof Read>

/** A constant, or where to look, in order. */
export type MapValue = string | readonly Read[]
type MapValueInput = string | z.input<typeof Read> | z.input<typeof Read>[]

const Reads = z.array(Read, 'expected a word, { from: FIELD }, or a list of such maps').min(1)

/** One schema by what is written, so that a fault is told of the key that it is in. */
export const MapValue: z.ZodType<MapValue, MapValueInput> = z
  .custom<MapValueInput>()
  .transform((value, context): MapValue => {
    const schema = typeof value === 'string' ? z.string().min(1) : Reads
    const isOne = typeof value === 'object' && value !== null && !Array.isArray(value)
    const parsed = schema.safeParse(isOne ? [value] : value)
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues)
      context.addIssue({ code: 'custom', path: isOne ? path.slice(1) : path, message })
    return z.NEVER
  })

/** A duration in a field; its unit stands with the field, since no router writes one. */
export const DurationRead = z
  .strictObject({
    from: From,
    match: Pattern.optional(),
    unit: z.enum(['s', 'ms', 'us', 'ns']),
  })
  .readonly()
export type DurationRead = z.output<typeof DurationRead>

export const CountRead = z
  .strictObject({ from: From, match: Pattern.optional(), add: z.number().int().default(0) })
  .readonly()
export type CountRead = z.output<typeof CountRead>

function toList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
