import type { FieldValue } from '../model/observation.ts'
import type { ShapeFacts } from './attribute-shapes.ts'
import { toText } from './attribute-value.ts'
import { toHexId } from './hex.ts'
import { type PairSource, readField, readValue } from './pair-values.ts'
import { COMPLEX, type PairList } from './pairs.ts'
import { cleanValue, hashValue, type Privacy } from './privacy.ts'
import type { ResourceFacts } from './resource.ts'
import { scanEvent } from './span-parts.ts'
import type { SpanScan } from './span-scan.ts'
import { KINDS, STATUSES } from './span-table.ts'
import { createWire } from './wire.ts'

// A span as an object, for the few that somebody looks at: attempts, requests, and what rules watch
// for. Everything is read from the request's bytes when it is asked for.

export interface AttributesView {
  /** Undefined when it is absent, or private and dropped. */
  get(key: string): FieldValue | undefined
  /** Of all that `get` may know. */
  names(): Iterable<string>
}

export interface EventView {
  readonly name: string
  readonly unixNs: bigint
  readonly attributes: AttributesView
}

export interface SpanView {
  readonly resource: ResourceFacts
  /** Lower-case hex, '' when unset. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: (typeof KINDS)[number]
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly status: (typeof STATUSES)[number]
  readonly statusMessage: string
  readonly attributes: AttributesView
  /** In their order; read anew at each call. */
  events(): readonly EventView[]
}

export interface ViewOptions {
  readonly bytes: Buffer
  readonly resource: ResourceFacts
  readonly scan: SpanScan
  readonly pairs: PairList
  /** Those of events, for when they are asked for. */
  readonly eventPairs: PairList
  readonly privacy: Privacy
}

const NO_TALLY = { add: () => {}, take: () => [] }
const NS_MAX = 2n ** 63n - 1n

export function createSpanView(options: ViewOptions): SpanView {
  const { bytes, resource, pairs, eventPairs } = options
  const privacy = quiet(options.privacy)
  const scan = { ...options.scan }
  const events = [...options.scan.events]
  const text = (from: number, to: number) => bytes.toString('utf8', from, to)
  const hex = (byteCount: number, at: number) => toHexId(bytes, byteCount, at)
  const attributes = createAttributesView({ bytes, pairs, privacy })
  return {
    resource,
    attributes,
    traceId: hex(16, scan.traceIdAt),
    spanId: hex(8, scan.spanIdAt),
    parentSpanId: hex(8, scan.parentIdAt),
    kind: KINDS[scan.kind] ?? 'Unspecified',
    status: STATUSES[scan.statusCode] ?? 'Unset',
    startUnixNs: readNs(bytes, scan.startAt),
    endUnixNs: readNs(bytes, scan.endAt),
    get traceState() {
      return text(scan.stateFrom, scan.stateTo)
    },
    get name() {
      return text(scan.nameFrom, scan.nameTo)
    },
    get statusMessage() {
      return text(scan.messageFrom, scan.messageTo)
    },
    events() {
      const wire = createWire()
      wire.open(bytes)
      const views: EventView[] = []
      for (let i = 0; i < events.length; i += 2) {
        wire.at = events[i] as number
        const { nameFrom, nameTo, timeAt } = scanEvent(wire, events[i + 1] as number, eventPairs)
        const view = createAttributesView({ bytes, pairs: eventPairs, privacy })
        const unixNs = readNs(bytes, timeAt)
        views.push({ name: text(nameFrom, nameTo), unixNs, attributes: view })
      }
      return views
    },
  }
}

/** For looking at what was counted when it was stored. */
export function quiet(privacy: Privacy): Privacy {
  return { ...privacy, tally: NO_TALLY }
}

function readNs(bytes: Buffer, at: number): bigint {
  if (at < 0) return 0n
  const ns = bytes.readBigUInt64LE(at)
  return ns > NS_MAX ? NS_MAX : ns
}

/** What the list holds now; it may go on to the next item. */
export function createAttributesView(options: {
  readonly bytes: Buffer
  readonly pairs: PairList
  readonly privacy: Privacy
}): AttributesView {
  const { privacy } = options
  const { count, kinds, froms, tos } = options.pairs
  if (count === 0) return NO_ATTRIBUTES
  const facts = options.pairs.facts()
  const wire = createWire()
  wire.open(options.bytes)
  const pairs = {
    kinds: kinds.slice(0, count),
    froms: froms.slice(0, count),
    tos: tos.slice(0, count),
  }
  return {
    get: (key) => readOwn({ wire, pairs }, { key, facts, privacy }),
    names: () => facts.places.keys(),
  }
}

const NO_ATTRIBUTES: AttributesView = { get: () => undefined, names: () => [] }

interface Wanted {
  readonly key: string
  readonly facts: ShapeFacts
  readonly privacy: Privacy
}

function readOwn(source: PairSource, { key, facts, privacy }: Wanted): FieldValue | undefined {
  const place = facts.places.get(key)
  if (place === undefined) return undefined
  if (facts.withheld?.[place]?.action === 'hash')
    return toText(hashValue(readValue(source, place), privacy))
  if (source.pairs.kinds[place] !== COMPLEX) return readField(source, place)
  return toText(cleanValue(readValue(source, place), privacy))
}
