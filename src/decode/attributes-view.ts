import { type PairSource, readOwn } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import type { AttributesView } from './span-place.ts'
import { createWire } from './wire.ts'

/** What the list holds now, for later; it may go on to the next item. */
export function createAttributesView(options: {
  readonly bytes: Buffer
  readonly pairs: PairList
  readonly privacy: Privacy
}): AttributesView {
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
    get(key) {
      if (!facts.places.has(key)) return undefined
      if (source === undefined) {
        source = { wire: createWire(), pairs }
        source.wire.open(options.bytes)
      }
      return readOwn(source, { key, facts, privacy })
    },
  }
}

const NO_ATTRIBUTES: AttributesView = { get: () => undefined }

/** For looking at what was counted when it was stored. */
export function quiet(privacy: Privacy): Privacy {
  return { ...privacy, tally: NO_TALLY }
}

const NO_TALLY = { add: () => {}, take: () => [] }
