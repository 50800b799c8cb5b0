import type { PrivateReason, Withheld } from '../model/withheld.ts'
import { DROPPED, HASHED, PROMPT_EVENTS, type PrivacySettings } from './privacy.ts'

/** Which attributes are withheld, by name. */
export interface PrivateNames {
  find(attribute: string): Withheld | undefined
  /** True for events whose body or `content` is what people typed. */
  isPromptEvent(name: string): boolean
}

/** Names of a request that are asked for again and again. */
const KNOWN_MAX = 1_000

export function createPrivateNames(settings: PrivacySettings): PrivateNames {
  const all = [
    ...toNames(DROPPED, 'drop'),
    ...toNames({ setting: settings.drop }, 'drop'),
    ...toNames({ setting: settings.hash }, 'hash'),
    ...toNames(HASHED, 'hash'),
  ]
  const events = new Set(PROMPT_EVENTS)
  const known = new Map<string, Withheld | undefined>()
  return {
    isPromptEvent: (name) => events.has(name),
    find(attribute) {
      if (known.has(attribute)) return known.get(attribute)
      const name = attribute.toLowerCase()
      const withheld = all.find(({ parts }) => matches(name, parts))
      if (known.size < KNOWN_MAX && attribute.length < 200) known.set(attribute, withheld)
      return withheld
    },
  }
}

interface Name extends Withheld {
  /** What stands between the `*`. */
  readonly parts: readonly string[]
}

function toNames(
  byReason: Partial<Record<PrivateReason, readonly string[]>>,
  action: Withheld['action'],
): Name[] {
  return Object.entries(byReason).flatMap(([reason, names]) =>
    names.map((name) => {
      const parts = name.toLowerCase().split('*')
      return { action, reason: reason as PrivateReason, parts }
    }),
  )
}

/** Linear in the name's length, however many `*` there are. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first) || name.length < first.length + last.length) return false
  const end = name.length - last.length
  if (!name.endsWith(last)) return false
  let from = first.length
  for (const part of rest) {
    const at = name.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
  }
  return true
}
