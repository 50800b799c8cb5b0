import { type PreparedMap, prepareMap } from '../lib/native-map.ts'
import { type Attributes, readAttributes } from './attributes.ts'
import { cleanValue, type Privacy } from './privacy.ts'
import { readPair } from './read-any-value.ts'
import { type ResourceFacts, type ResourceOptions, readResource } from './resource.ts'
import type { KeyValue } from './value-message.ts'
import { BYTES, VARINT, type Wire } from './wire.ts'

// Resources and scopes. A sender repeats its own in every request, byte for byte: what they mean is
// kept by their bytes.

export interface KnownResource extends ResourceFacts {
  readonly map: PreparedMap
}

/** What all items of a scope have in common. */
export interface ScopeFacts {
  readonly resource: KnownResource
  readonly resourceSchemaUrl: string
  readonly name: string
  readonly version: string
  readonly attributes: Attributes
  readonly map: PreparedMap
  readonly droppedCount: number
  readonly schemaUrl: string
}

export type InnerScope = Pick<
  ScopeFacts,
  'name' | 'version' | 'attributes' | 'map' | 'droppedCount'
>

export interface ScopeReader {
  /** The `Resource` message from where the wire is, up to `end`; nothing is one too. */
  resource(wire: Wire, end: number): KnownResource
  scope(wire: Wire, end: number): InnerScope
}

const KNOWN_MAX = 2_000
const KNOWN_BYTES_MAX = 8_192

export function createScopeReader(
  options: ResourceOptions & { readonly privacy: Privacy },
): ScopeReader {
  const { privacy } = options
  const clean = (pairs: readonly KeyValue[]): readonly KeyValue[] => {
    const kvlistValue = { values: pairs }
    return cleanValue({ ...WRAPPER, kvlistValue }, privacy).kvlistValue?.values ?? []
  }
  return {
    resource: remembering((wire, end) => {
      const pairs: KeyValue[] = []
      while (wire.at < end) {
        const tag = wire.tag(end)
        if (tag === 1 * 8 + BYTES) pairs.push(readPair(wire, wire.lengthEnd(end), 0))
        else wire.skip(tag, end)
      }
      const cleaned = clean(pairs)
      const facts = readResource({ attributes: cleaned }, options)
      return {
        value: { ...facts, map: prepareMap(facts.attributes.text) },
        isPlain: cleaned.length === pairs.length,
      }
    }),
    scope: remembering((wire, end) => {
      const { pairs, ...scope } = readScope(wire, end)
      const cleaned = clean(pairs)
      const attributes = readAttributes(cleaned)
      return {
        value: { ...scope, attributes, map: prepareMap(attributes.text) },
        isPlain: cleaned.length === pairs.length,
      }
    }),
  }
}

const WRAPPER = {
  value: 'kvlistValue' as const,
  stringValue: '',
  boolValue: false,
  intValue: { low: 0, high: 0, unsigned: false },
  doubleValue: 0,
  arrayValue: null,
  bytesValue: new Uint8Array(),
}

function readScope(wire: Wire, end: number) {
  const pairs: KeyValue[] = []
  let name = ''
  let version = ''
  let droppedCount = 0
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 1 * 8 + BYTES) name = readText(wire, end)
    else if (tag === 2 * 8 + BYTES) version = readText(wire, end)
    else if (tag === 3 * 8 + BYTES) pairs.push(readPair(wire, wire.lengthEnd(end), 0))
    else if (tag === 4 * 8 + VARINT) droppedCount = wire.int32(end) >>> 0
    else wire.skip(tag, end)
  }
  return { pairs, name, version, droppedCount }
}

export function readText(wire: Wire, end: number): string {
  const to = wire.lengthEnd(end)
  const from = wire.at
  wire.at = to
  return wire.bytes.toString('utf8', from, to)
}

interface Read<T> {
  readonly value: T
  /** Nothing was withheld: what is, is counted each time, and so read each time. */
  readonly isPlain: boolean
}

function remembering<T>(read: (wire: Wire, end: number) => Read<T>) {
  let known = new Map<string, T>()
  return (wire: Wire, end: number): T => {
    if (end - wire.at > KNOWN_BYTES_MAX) return read(wire, end).value
    const key = wire.bytes.toString('latin1', wire.at, end)
    const found = known.get(key)
    if (found !== undefined) {
      wire.at = end
      return found
    }
    const { value, isPlain } = read(wire, end)
    if (known.size >= KNOWN_MAX) known = new Map()
    if (isPlain) known.set(key, value)
    return value
  }
}
