import { compareUtf8, toText } from '../decode/attribute-value.ts'
import type { KeyValue } from '../decode/value-message.ts'

/**
 * Text by key, keys in the order of their UTF-8 bytes; those that look like array indexes (`"7"`)
 * come first, since a JavaScript object always lists them first.
 */
export type Texts = Readonly<Record<string, string>>

/** Of a key that comes twice the last value counts. */
export function readTexts(pairs: readonly KeyValue[]): Texts {
  const texts = new Map(pairs.map(({ key, value }) => [key, toText(value)]))
  // Without a prototype, so that a sender's `__proto__` is a key like any other.
  const record: Record<string, string> = Object.create(null)
  for (const key of [...texts.keys()].sort(compareUtf8)) record[key] = texts.get(key) ?? ''
  return record
}
