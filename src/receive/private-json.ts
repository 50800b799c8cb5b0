import type { PrivateNames } from '../config/private-names.ts'
import type { Withheld } from '../model/withheld.ts'
import type { KeyedHash } from './keyed-hash.ts'

// Private attributes of OpenTelemetry's own JSON, which plain log lines may hold as well.

export interface Withholding {
  readonly names: PrivateNames
  readonly hash: KeyedHash
  /** Called for each attribute (or body of a prompt event) that is withheld. */
  withhold(what: Withheld): void
}

/** A body that cannot be read, so that nobody can say what it holds. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody'
}

export const PROMPT_CONTENT: Withheld = { action: 'drop', reason: 'prompt' }
const CONTENT = 'content'
const EVENT_NAME = 'event.name'

const DEPTH_MAX = 500

type Json = Record<string, unknown>

/**
 * Takes what is private out of parsed JSON, in place: whatever stands in a list and has a text as
 * `key` is an attribute, also in maps within values.
 *
 * @throws UnreadableBody when it nests too deeply
 */
export function cleanParsed(parsed: unknown, withholding: Withholding): void {
  clean(parsed, 0, withholding)
}

function clean(node: unknown, depth: number, withholding: Withholding): void {
  if (typeof node !== 'object' || node === null) return
  if (depth > DEPTH_MAX) throw new UnreadableBody('nested too deeply')
  if (Array.isArray(node)) {
    const kept = node.filter((item: unknown) => !isWithheld(item, withholding))
    if (kept.length < node.length) {
      node.length = 0
      for (const item of kept) node.push(item)
    }
  } else cleanPromptEvent(node as Json, withholding)
  for (const child of Object.values(node)) clean(child, depth + 1, withholding)
}

/** True for an attribute that must go. One that must be hashed is, in place. */
function isWithheld(item: unknown, { names, hash, withhold }: Withholding): boolean {
  const attribute = item as { key?: unknown; value?: unknown } | null
  if (typeof attribute?.key !== 'string') return false
  const withheld = names.find(attribute.key)
  if (!withheld) return false
  withhold(withheld)
  if (withheld.action === 'hash') attribute.value = hashValue(attribute.value, hash)
  return withheld.action === 'drop'
}

/** Body and content of events that carry what people typed, in log records and in spans. */
function cleanPromptEvent(node: Json, { names, withhold }: Withholding): void {
  const attributes = Array.isArray(node.attributes) ? (node.attributes as unknown[]) : []
  const named = attributes.find((one) => (one as Json | null)?.key === EVENT_NAME) as
    | Json
    | undefined
  const texts = [node.eventName, node.event_name, node.name, textOf(named?.value)]
  if (!texts.some((text) => typeof text === 'string' && names.isPromptEvent(text))) return
  if (node.body !== undefined) {
    delete node.body
    withhold(PROMPT_CONTENT)
  }
  const kept = attributes.filter((one) => (one as Json | null)?.key !== CONTENT)
  if (kept.length === attributes.length) return
  node.attributes = kept
  withhold(PROMPT_CONTENT)
}

function textOf(value: unknown): unknown {
  const json = value as Json | null | undefined
  return json?.stringValue ?? json?.string_value
}

/** Scalars become the hash of their text; lists and maps keep their shape, and maps their keys. */
function hashValue(value: unknown, hash: KeyedHash): unknown {
  if (typeof value !== 'object' || value === null) return {}
  const hashed = Object.entries(value).flatMap(([kind, content]): [string, unknown][] => {
    switch (kind.replaceAll('_', '').toLowerCase()) {
      case 'arrayvalue':
        return [[kind, { values: listOf(content).map((item) => hashValue(item, hash)) }]]
      case 'kvlistvalue': {
        const pairs = listOf(content) as (Json | null)[]
        const values = pairs.map((one) => ({ key: one?.key, value: hashValue(one?.value, hash) }))
        return [[kind, { values }]]
      }
      case 'bytesvalue':
        return [['stringValue', hash(Buffer.from(String(content), 'base64').toString('base64'))]]
      case 'doublevalue':
        return [['stringValue', hash(String(Number(content)))]]
      default:
        return content === null ? [] : [['stringValue', hash(String(content))]]
    }
  })
  return Object.fromEntries(hashed)
}

function listOf(content: unknown): unknown[] {
  const values = (content as { values?: unknown } | null)?.values
  return Array.isArray(values) ? (values as unknown[]) : []
}
