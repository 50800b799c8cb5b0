import type { Withheld, WithheldCount } from '../model/withheld.ts'
import { toText } from './attribute-value.ts'
import type { AnyValue } from './value-message.ts'

// What must not be kept is left out where attributes are read, before anything is judged, logged or
// stored: a private key is known once per shape of item, so that it costs nothing per item.

export interface Privacy {
  find(attribute: string): Withheld | undefined
  /** True for events whose body, or attribute `content`, is what people typed. */
  isPromptEvent(name: string): boolean
  /** A keyed hash: the same for the same text, and of no other use. */
  hash(text: string): string
  /** What was withheld, for whoever counts. */
  readonly tally: PrivacyTally
}

export interface PrivacyTally {
  add(withheld: Withheld): void
  /** What was added since it was last asked; usually nothing. */
  take(): readonly WithheldCount[]
}

export const PROMPT_CONTENT: Withheld = { action: 'drop', reason: 'prompt' }
export const CONTENT = 'content'

export function createPrivacyTally(): PrivacyTally {
  let counts = new Map<string, Withheld & { count: number }>()
  return {
    add({ action, reason }) {
      const key = `${action} ${reason}`
      const known = counts.get(key)
      if (known) known.count++
      else counts.set(key, { action, reason, count: 1 })
    },
    take() {
      if (counts.size === 0) return []
      const taken = [...counts.values()]
      counts = new Map()
      return taken
    },
  }
}

/** A list or map without its private members, and with those hashed that are to be. */
export function cleanValue(value: AnyValue, privacy: Privacy): AnyValue {
  if (value.arrayValue) {
    const values = value.arrayValue.values.map((item) => cleanValue(item, privacy))
    return { ...value, arrayValue: { values } }
  }
  if (!value.kvlistValue) return value
  const values = value.kvlistValue.values.flatMap((pair) => {
    const withheld = privacy.find(pair.key)
    if (withheld) privacy.tally.add(withheld)
    if (withheld?.action === 'drop') return []
    if (!pair.value) return [pair]
    const next = withheld ? hashValue(pair.value, privacy) : cleanValue(pair.value, privacy)
    return [{ key: pair.key, value: next }]
  })
  return { ...value, kvlistValue: { values } }
}

/** Scalars become the hash of their text; lists and maps keep their shape, and maps their keys. */
export function hashValue(value: AnyValue, privacy: Privacy): AnyValue {
  if (value.arrayValue) {
    const values = value.arrayValue.values.map((item) => hashValue(item, privacy))
    return { ...value, arrayValue: { values } }
  }
  if (value.kvlistValue) {
    const values = value.kvlistValue.values.map((pair) => ({
      key: pair.key,
      value: pair.value && hashValue(pair.value, privacy),
    }))
    return { ...value, kvlistValue: { values } }
  }
  if (value.value === undefined) return value
  return { ...value, value: 'stringValue', stringValue: privacy.hash(toText(value)) }
}
