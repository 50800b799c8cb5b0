import type { AnyValue } from './value-message.ts'

const EMPTY: AnyValue = {
  stringValue: '',
  boolValue: false,
  intValue: { low: 0, high: 0, unsigned: false },
  doubleValue: 0,
  arrayValue: null,
  kvlistValue: null,
  bytesValue: new Uint8Array(),
}

/** A JSON value as OTLP's; what lies deeper than `levels` is empty. */
export function toAnyValue(json: unknown, levels = 8): AnyValue {
  switch (typeof json) {
    case 'string':
      return { ...EMPTY, value: 'stringValue', stringValue: json }
    case 'boolean':
      return { ...EMPTY, value: 'boolValue', boolValue: json }
    case 'number':
      return { ...EMPTY, value: 'doubleValue', doubleValue: json }
    case 'object':
      return json === null || levels === 0 ? EMPTY : toComposite(json, levels - 1)
    default:
      return EMPTY
  }
}

function toComposite(json: object, levels: number): AnyValue {
  const toMember = (value: unknown) => toAnyValue(value, levels)
  if (Array.isArray(json))
    return { ...EMPTY, value: 'arrayValue', arrayValue: { values: json.map(toMember) } }
  const values = Object.entries(json).map(([key, value]) => ({ key, value: toMember(value) }))
  return { ...EMPTY, value: 'kvlistValue', kvlistValue: { values } }
}
