import {
  DROPPED,
  HASHED,
  PROMPT_EVENTS,
  type PrivacySettings,
} from './privacy.ts'
import type { PrivateReason, Withheld } from '../model/withheld.ts'
import { type ByteSearch, createByteSearch } from '../lib/byte-search.ts'

/** Which attributes are withheld, by name. */
export interface PrivateNames {
  find(attribute: string): Withheld | undefined
  /** True for events whose body or `content` is what people typed. */
  isPromptEvent(name: string): boolean
  /** Finds at least one place in every name that is withheld, and in every such event's. */
  readonly search: ByteSearch
}

/** Names of a request that are asked for again and again. */
const KNOWN_MAX = 1_000

/** Common names and texts, so that what is searched for does not lie in every request. */
const USUAL = [
  'http.request.method http.response.status_code url.full url.path server.address error.type',
  'exception.type exception.message exception.stacktrace service.instance.id service.version',
  'gen_ai.operation.name gen_ai.request.model gen_ai.response.model gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens session.id user.id signalbox.route signalbox.target message details',
  'signalbox.images k8s.pod.name cloud.region telemetry.sdk.name process.runtime.description image.width choices',
].join(' ')

export function createPrivateNames(settings: PrivacySettings): PrivateNames {
  const all = [
    ...toNames(DROPPED, 'drop'),
    ...toNames({ setting: settings.drop }, 'drop'),
    ...toNames({ setting: settings.hash }, 'hash'),
    ...toNames(HASHED, 'hash'),
  ]
  const events = new Set(PROMPT_EVENTS)
  const known = new Map<string, Withheld | undefined>()
  const words = all.map(({ parts }) => longest(parts))
  return {
    search: createByteSearch({ words: [...words, ...PROMPT_EVENTS], usual: USUAL }),
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

function longest(parts: readonly string[]): string {
  return parts.reduce((best, part) => (part.length > best.length ? part : best), '')
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
