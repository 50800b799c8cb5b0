import { type AnyValue, EMPTY_VALUE } from './value-message.ts'

/** A JSON value as OTLP's; what lies deeper than `levels` is empty. */
export function toAnyValue(json: unknown, levels = 8): AnyValue {
  switch (typeof json) {
    case 'string':
      return { ...EMPTY_VALUE, value: 'stringValue', stringValue: json }
    case 'boolean':
      return { ...EMPTY_VALUE, value: 'boolValue', boolValue: json }
    case 'number':
      return { ...EMPTY_VALUE, value: 'doubleValue', doubleValue: json }
    case 'object':
      return json === null || levels === 0 ? EMPTY_VALUE : toComposite(json, levels - 1)
    default:
      return EMPTY_VALUE
  }
}

function toComposite(json: object, levels: number): AnyValue {
  const toMember = (value: unknown) => toAnyValue(value, levels)
  if (Array.isArray(json))
    return { ...EMPTY_VALUE, value: 'arrayValue', arrayValue: { values: json.map(toMember) } }
  const values = Object.entries(json).map(([key, value]) => ({ key, value: toMember(value) }))
  return { ...EMPTY_VALUE, value: 'kvlistValue', kvlistValue: { values } }
}
