import { type PreparedMap, prepareMap } from '../lib/native-map.ts'
import type { Withheld } from '../model/withheld.ts'
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
  /** Another for each that is remembered, from 1; 0 for one that is too long to be. */
  readonly serial: number
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
  const { privacy: all } = options
  let serial = 0
  return {
    resource: remembering(all, (wire, { end, isKept, privacy }) => {
      const pairs: KeyValue[] = []
      while (wire.at < end) {
        const tag = wire.tag(end)
        if (tag === 1 * 8 + BYTES) pairs.push(readPair(wire, wire.lengthEnd(end), 0))
        else wire.skip(tag, end)
      }
      const facts = readResource({ attributes: clean(pairs, privacy) }, options)
      const map = prepareMap(facts.attributes.text)
      return { ...facts, map, serial: isKept ? ++serial : 0 }
    }),
    scope: remembering(all, (wire, { end, privacy }) => {
      const { pairs, ...scope } = readScope(wire, end)
      const attributes = readAttributes(clean(pairs, privacy))
      return { ...scope, attributes, map: prepareMap(attributes.text) }
    }),
  }
}

function clean(pairs: readonly KeyValue[], privacy: Privacy): readonly KeyValue[] {
  const kvlistValue = { values: pairs }
  return cleanValue({ ...WRAPPER, kvlistValue }, privacy).kvlistValue?.values ?? []
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

interface Known<T> {
  readonly value: T
  /** What was left out of it: counted each time that it comes. */
  readonly withheld: readonly Withheld[]
}

interface ReadOptions {
  readonly end: number
  /** It will be remembered. */
  readonly isKept: boolean
  readonly privacy: Privacy
}

type Read<T> = (wire: Wire, given: ReadOptions) => T

function remembering<T>(privacy: Privacy, read: Read<T>) {
  let known = new Map<string, Known<T>>()
  const { tally } = privacy
  const readOnce = (wire: Wire, end: number, isKept: boolean): Known<T> => {
    const withheld: Withheld[] = []
    const own = { add: (what: Withheld) => void withheld.push(what), take: () => [] }
    return { value: read(wire, { end, isKept, privacy: { ...privacy, tally: own } }), withheld }
  }
  const find = (wire: Wire, end: number): Known<T> => {
    if (end - wire.at > KNOWN_BYTES_MAX) return readOnce(wire, end, false)
    const key = wire.bytes.toString('latin1', wire.at, end)
    const found = known.get(key)
    if (found !== undefined) {
      wire.at = end
      return found
    }
    const fresh = readOnce(wire, end, true)
    if (known.size >= KNOWN_MAX) known = new Map()
    known.set(key, fresh)
    return fresh
  }
  return (wire: Wire, end: number): T => {
    const { value, withheld } = find(wire, end)
    for (const what of withheld) tally.add(what)
    return value
  }
}
