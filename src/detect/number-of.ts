import type { FieldValue } from '../model/observation.ts'
import type { Item } from './kind.ts'

/** What is a number by its nature. */
export const NUMBER_KEYS: ReadonlySet<string> = new Set([
  ...['duration', 'cost', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'],
])

/**
 * The number that `of` names: a field or attribute, or, on metrics, the value of the metric of that
 * name. Undefined for an item that does not carry it, or carries something else.
 */
export function numberOf(item: Item, of: string): number | undefined {
  return toNumber(fieldOf(item, of))
}

/** What stands there, number or not. */
export function fieldOf(item: Item, of: string): FieldValue | undefined {
  const field = item.read(of)
  const isMetric = field === undefined && item.unit === 'metric' && item.read('metric') === of
  return isMetric ? item.read('value') : field
}

/** Where only a number makes sense, nothing else counts. */
export function mixedValueOf(item: Item, of: string): FieldValue | undefined {
  return NUMBER_KEYS.has(of) ? numberOf(item, of) : fieldOf(item, of)
}

/** The value of a metric point, when the point is of one of these metrics. */
export function metricValue(item: Item, names: readonly string[]): number | undefined {
  const name = item.read('metric')
  return typeof name === 'string' && names.includes(name) ? toNumber(item.read('value')) : undefined
}

export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
