import { createHash } from 'node:crypto'
import type { ShapeFacts } from './attribute-shapes.ts'
import { type PairSource, readField, readOwn } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import type { AttributesView } from './span-place.ts'
import { createWire } from './wire.ts'

export interface ListedView extends AttributesView {
  /** Equal for equal attributes, in any order. Private ones count too, and cannot be read from it. */
  digest(): string
}

interface ViewOptions {
  readonly bytes: Buffer
  readonly pairs: PairList
  readonly privacy: Privacy
}

/** What the list holds now, for later; it may go on to the next item. */
export function createAttributesView(options: ViewOptions): AttributesView {
  return createListedView(options)
}

export function createListedView(options: ViewOptions): ListedView {
  const { privacy } = options
  const { count, kinds, froms, tos } = options.pairs
  if (count === 0) return NO_ATTRIBUTES
  const facts = options.pairs.facts()
  const pairs = {
    kinds: kinds.slice(0, count),
    froms: froms.slice(0, count),
    tos: tos.slice(0, count),
  }
  let source: PairSource | undefined
  return {
    names: () => facts.places.keys(),
    get(key) {
      if (!facts.places.has(key)) return undefined
      if (source === undefined) {
        source = { wire: createWire(), pairs }
        source.wire.open(options.bytes)
      }
      return readOwn(source, { key, facts, privacy })
    },
    digest() {
      const wire = createWire()
      wire.open(options.bytes)
      return digestOf({ wire, pairs }, facts)
    },
  }
}

const NO_ATTRIBUTES: ListedView = {
  get: () => undefined,
  names: () => [],
  digest: () => '',
}

/** For looking at what was counted when it was stored. */
export function quiet(privacy: Privacy): Privacy {
  return { ...privacy, tally: NO_TALLY }
}

const NO_TALLY = { add: () => {}, take: () => [] }

function digestOf(source: PairSource, facts: ShapeFacts): string {
  const names = new Map([...facts.places].map(([name, place]) => [place, name]))
  const values = [...source.pairs.kinds].map((kind, place) =>
    JSON.stringify([names.get(place) ?? '', kind, readField(source, place)]),
  )
  return createHash('sha256').update(values.sort().join()).digest('base64')
}
