import type { FieldValue } from '../model/observation.ts'
import { toBigInt } from './int64.ts'
import type { AnyValue, KeyValue } from './value-message.ts'

/**
 * A value as the text that is stored, by the rules of the Collector's `pcommon.Value.AsString`:
 * doubles as ECMAScript prints them (but `-0`), bytes in base64, lists and maps as compact JSON
 * with sorted keys, the empty value as ''.
 */
export function toText(value: AnyValue | null): string {
  switch (value?.value) {
    case 'stringValue':
      return value.stringValue
    case 'boolValue':
      return String(value.boolValue)
    case 'intValue':
      return toBigInt(value.intValue).toString()
    case 'doubleValue':
      return formatDouble(value.doubleValue)
    case 'bytesValue':
      return base64(value.bytesValue)
    case 'arrayValue':
    case 'kvlistValue':
      return renderJson(value)
    default:
      return ''
  }
}

/** A value as rules compare it: numbers and booleans stay what they are, the rest is text. */
export function toFieldValue(value: AnyValue | null): FieldValue {
  switch (value?.value) {
    case 'boolValue':
      return value.boolValue
    case 'intValue':
      return Number(toBigInt(value.intValue))
    case 'doubleValue':
      return value.doubleValue
    default:
      return toText(value)
  }
}

/** Order of the UTF-8 bytes, which JavaScript's own order of strings is not beyond the BMP. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rankOf(x) - rankOf(y)
  }
  return a.length - b.length
}

// Surrogates stand for code points above all others.
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function formatDouble(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function renderJson(value: AnyValue | null): string {
  switch (value?.value) {
    case 'arrayValue':
      return `[${(value.arrayValue?.values ?? []).map(renderJson).join(',')}]`
    case 'kvlistValue':
      return renderMap(value.kvlistValue?.values ?? [])
    case 'stringValue':
    case 'bytesValue':
      return JSON.stringify(toText(value))
    case 'doubleValue':
      // JSON has no NaN and no infinities: text, as in protobuf's own JSON.
      return Number.isFinite(value.doubleValue)
        ? formatDouble(value.doubleValue)
        : JSON.stringify(String(value.doubleValue))
    case undefined:
      return 'null'
    default:
      return toText(value)
  }
}

function renderMap(pairs: readonly KeyValue[]): string {
  const last = new Map(pairs.map(({ key, value }) => [key, value]))
  const keys = [...last.keys()].sort(compareUtf8)
  const items = keys.map((key) => `${JSON.stringify(key)}:${renderJson(last.get(key) ?? null)}`)
  return `{${items.join(',')}}`
}
