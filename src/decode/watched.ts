import { MEANINGS } from '../config/meanings.ts'
import { OLDER_NAMES } from './older-names.ts'

// Rules look at few spans. Which attributes a span must have for a rule to take it is known from the
// rules; whatever lacks them is stored, and no object is made of it.

/**
 * For each rule over spans the attributes that a span must carry for it; an empty list wants every
 * span. Another array when rules were reloaded.
 */
export type SpanInterest = readonly (readonly string[])[]

export interface Watch {
  /** The bit of an attribute that is watched for, else 0. */
  bitOf(attribute: string): number
  /**
   * Whether any rule may take a span that carries what these bits say; of a sender that does not say
   * what it is, rules that ask for it take nothing.
   */
  wants(bits: number, isSaid: boolean): boolean
}

/** Carried by spans that name a route. */
export const ROUTE_BIT = 1 << 30
/** Carried by spans, of whomever, that end a request or say how good it was. */
export const REQUEST_BIT = 1 << 31
const ROUTE = 'signalbox.route'
const COMPONENT = 'resource.signalbox.component'
export const OUTCOME = 'signalbox.outcome'
export const QUALITY_PREFIX = 'signalbox.quality.'
const BITS_MAX = 30

export function createWatch(interest: SpanInterest): Watch {
  const bits = new Map<string, number>()
  const masks = interest.map((attributes) => {
    let mask = 0
    const asks = attributes.includes(COMPONENT)
    for (const attribute of attributes.filter(isPlainAttribute)) {
      const known = bits.get(attribute)
      if (known === undefined && bits.size === BITS_MAX) continue
      const bit = known ?? 1 << bits.size
      bits.set(attribute, bit)
      mask |= bit
    }
    return { mask, asks }
  })
  return {
    bitOf: (attribute) => (bits.get(attribute) ?? 0) | ownBitOf(attribute),
    wants: (carried, isSaid) =>
      masks.some(({ mask, asks }) => (isSaid || !asks) && (carried & mask) === mask),
  }
}

const BUILT_IN = new Set<string>([
  ...MEANINGS,
  ...['autoscaler', 'role', 'outcome', 'service', 'name', 'kind', 'status', 'status_message'],
  ...['duration', 'severity', 'body', 'event', 'metric', 'value', 'template'],
  ...OLDER_NAMES.keys(),
])

/** Whether a key of a rule means just the attribute of that name, of the item itself or an event. */
export function isPlainAttribute(key: string): boolean {
  return !BUILT_IN.has(key) && !key.startsWith('resource.')
}

function ownBitOf(attribute: string): number {
  if (attribute === ROUTE) return ROUTE_BIT
  return attribute === OUTCOME || attribute.startsWith(QUALITY_PREFIX) ? REQUEST_BIT : 0
}
