import type { FieldValue } from '../model/observation.ts'
import { compareUtf8, toFieldValue, toText } from './attribute-value.ts'
import type { KeyValue } from './value-message.ts'

/** One set of attributes, once as it is stored and once as rules read it. */
export interface Attributes {
  /**
   * Text by key, keys in the order of their UTF-8 bytes (equal sets must be equal maps in
   * ClickHouse). Keys that look like array indexes (`"7"`) come first, since a JavaScript object
   * always lists them first.
   */
  readonly text: Readonly<Record<string, string>>
  get(key: string): FieldValue | undefined
}

/**
 * Of a key that comes twice the last value counts.
 * The result holds no part of the request's bytes and may be kept.
 */
export function readAttributes(pairs: readonly KeyValue[]): Attributes {
  if (pairs.length === 0) return NO_ATTRIBUTES
  const values = new Map<string, FieldValue>()
  const texts = new Map<string, string>()
  for (const { key, value } of pairs) {
    values.set(key, toFieldValue(value))
    texts.set(key, toText(value))
  }
  return { text: toSortedRecord(texts), get: (key) => values.get(key) }
}

const NO_ATTRIBUTES: Attributes = { text: {}, get: () => undefined }

function toSortedRecord(texts: ReadonlyMap<string, string>): Record<string, string> {
  // Without a prototype, so that a sender's `__proto__` is a key like any other.
  const record: Record<string, string> = Object.create(null)
  for (const key of [...texts.keys()].sort(compareUtf8)) record[key] = texts.get(key) ?? ''
  return record
}
