import { z } from 'zod'
import { Matchers } from './fields.ts'
import { CountRead, DurationRead, MapValue } from './map-value.ts'
import { Pattern } from './pattern.ts'

// `telemetry.map` of the settings: what a span, an access-log record or a counter of a router that
// does not know us is in our words. Of the rules of one unit, the first that fits an item counts; an
// item may be an attempt and a request.

export const MapSignal = z.enum(['spans', 'logs', 'metrics'])
export type MapSignal = z.output<typeof MapSignal>

/** Access logs list the tries of a request in one field: `10.0.0.1:80, 10.0.0.2:80`. */
const Each = z
  .strictObject({
    fields: z.array(z.string().min(1)).min(1),
    split: Pattern,
    /** Of one try; the tries follow each other from the start of the record. */
    duration: DurationRead.optional(),
  })
  .readonly()

const RULE = {
  on: MapSignal,
  /**
   * All must hold. `name`, `kind`, `service`, `status`, `body`, any attribute (`resource.` first for
   * a resource's), what `parse` found, `fields`, and what a text that is a JSON object holds. Values
   * that are empty or `-` count as absent, as access logs mean them.
   */
  where: Matchers.default({}),
  /** It does not fit when all of these hold. */
  unless: Matchers.optional(),
  /** Of a log's text: named groups of the first that matches become fields. */
  parse: z
    .union([Pattern, z.array(Pattern).min(1)])
    .transform((one) => (typeof one === 'string' ? [one] : one))
    .default([]),
  /** Further fields, made of others: one name for what routers call differently. */
  fields: z.record(z.string().min(1), MapValue).default({}),
  each: Each.optional(),
  unit: z.enum(['attempt', 'request']),
  route: MapValue.optional(),
  target: MapValue.optional(),
  /** Said outright; else it is judged by status code, error type and the rest, as for our own spans. */
  outcome: MapValue.optional(),
  generation: MapValue.optional(),
  request_id: MapValue.optional(),
  status_code: MapValue.optional(),
  error_type: MapValue.optional(),
  /** Envoy's; `DC` is a client that had gone. */
  response_flags: MapValue.optional(),
  /** It failed, whatever its status code, when all of these hold. */
  error: Matchers.optional(),
  /** Of the whole record. */
  duration: DurationRead.optional(),
  /** What the time of a log record is. */
  time: z.enum(['start', 'end']).default('end'),
  /** The attempt began so long after the record did. */
  after: DurationRead.optional(),
  /** Failed tries on the same target that came before, and are only counted. */
  retries: CountRead.optional(),
} as const

export const MapRule = z
  .strictObject(RULE)
  .superRefine((rule, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (rule.unit === 'attempt' && rule.target === undefined)
      problem('target', 'an attempt needs one: say where it is read')
    if (rule.route === undefined && !(rule.unit === 'attempt' && rule.on === 'spans'))
      problem('route', 'needed: only the span of an attempt may leave it to the span above')
    if (rule.on !== 'logs' && rule.parse.length > 0) problem('parse', 'only logs have a text')
    if (rule.on !== 'logs' && rule.each) problem('each', 'only logs list several tries')
    if (rule.each && rule.unit !== 'attempt') problem('each', 'what is listed are attempts')
    if (rule.on === 'metrics' && Object.keys(rule.where).length === 0)
      problem('where', 'name the counter: { name: NAME }')
  })
  .transform(({ where, ...rule }) => ({ ...rule, where: [where] }))
  .readonly()
/** `where` is a list, since a profile's use may ask for more than the profile does. */
export type MapRule = z.output<typeof MapRule>
/** As it is written in files. */
type MapRuleInput = z.input<typeof MapRule>

/** Rules for a well-known router, shipped as data, and the signal that is read unless a use names others. */
export interface Profile {
  /** One signal: a router that sends spans and logs of the same requests would count them twice. */
  readonly on: MapSignal
  readonly rules: readonly MapRuleInput[]
}
