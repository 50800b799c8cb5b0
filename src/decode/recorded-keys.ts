import type { Meaning, Meanings } from '../config/meanings.ts'
import { attributeNames } from './recorded-names.ts'
import { isPlainAttribute } from './watched.ts'

// Which parts of stored rows hold the fields that rules read.

/** Fields of attempts and requests that have a column of their own. */
const SERVED_COLUMNS: Readonly<Record<string, string>> = {
  route: 'Route',
  router: 'Router',
  session: 'Session',
  model: 'Model',
  region: 'Region',
  tenant: 'Tenant',
  tier: 'Tier',
  class: 'Class',
  variant: 'Variant',
  generation: 'Generation',
  request_id: 'RequestId',
  outcome: 'Outcome',
  images: 'Images',
  cost: 'Cost',
  'error.type': 'ErrorType',
  'http.response.status_code': 'StatusCode',
}
export const ATTEMPT_COLUMNS = { ...SERVED_COLUMNS, target: 'Target', role: 'Role' }
export const REQUEST_COLUMNS = {
  ...SERVED_COLUMNS,
  target: 'FinalTarget',
  role: 'FinalRole',
  attempt_count: 'AttemptCount',
}
/** A request without a final target may still name one, on its span. */
const ALSO_ON_SPAN = new Set(['target', 'role'])

/** Of every served row, or of none. */
const WITHOUT_COLUMN = new Set([
  ...['duration', 'worker', 'autoscaler', 'metric', 'value', 'oldest_ms'],
  // Found by the pair, which every row has.
  'generation_behind',
])

/** The column of a field that says all there is to know of it. */
export function columnOf(unit: 'attempt' | 'request', key: string): string | undefined {
  if (unit === 'attempt') return ownOf(ATTEMPT_COLUMNS, key)
  return ALSO_ON_SPAN.has(key) ? undefined : ownOf(REQUEST_COLUMNS, key)
}

/** Columns of those of the fields that have one. */
export function columnsOf(unit: 'attempt' | 'request', keys: Iterable<string>): readonly string[] {
  const columns = unit === 'attempt' ? ATTEMPT_COLUMNS : REQUEST_COLUMNS
  return [...keys].flatMap((key) => ownOf(columns, key) ?? [])
}

/** Every column with the field that it holds. */
export function columnsWithKeys(
  unit: 'attempt' | 'request',
): readonly (readonly [column: string, key: string])[] {
  const columns = unit === 'attempt' ? ATTEMPT_COLUMNS : REQUEST_COLUMNS
  return Object.entries(columns).map(([key, column]) => [column, key])
}

/** Whether reading these takes the span that a row was made of. */
export function needsSpan(unit: 'attempt' | 'request', keys: Iterable<string>): boolean {
  return [...keys].some((key) => !columnOf(unit, key) && !WITHOUT_COLUMN.has(key))
}

/**
 * Of the fields that have no column the names of their attributes, when all of them are attributes of
 * the span itself: then only spans that carry one matter. Undefined where any span may have them.
 */
export function rareNames(
  unit: 'attempt' | 'request',
  keys: Iterable<string>,
  meanings: Meanings,
): readonly string[] | undefined {
  const without = [...keys].filter((key) => !columnOf(unit, key) && !WITHOUT_COLUMN.has(key))
  const isRare = (key: string) => {
    if (Object.hasOwn(meanings, key))
      return key !== 'target' && meanings[key as Meaning].every(isPlainAttribute)
    return isPlainAttribute(key) && !key.startsWith('exception.')
  }
  return without.every(isRare) ? attributeNames(without, meanings) : undefined
}

function ownOf(columns: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(columns, key) ? columns[key] : undefined
}
