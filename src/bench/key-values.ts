import type { FieldValue } from '../model/observation.ts'

/** Attributes as OTLP has them, without those that are absent. */
export function keyValues(values: Readonly<Record<string, FieldValue | undefined>>) {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: toAnyValue(value) }],
  )
}

function toAnyValue(value: FieldValue) {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
}
