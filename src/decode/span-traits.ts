import type { Meanings } from '../config/meanings.ts'
import type { EventHashes } from './event-hashes.ts'
import type { PairList } from './pairs.ts'
import type { SpanScan } from './span-scan.ts'
import { createTraitBook, type TraitBook } from './trait-book.ts'

export type SpanTraits = TraitBook<SpanScan>

export interface SpanTraitsOptions {
  readonly meanings: Meanings
  /** Lists through which spans and their events are read. */
  readonly pairs: PairList
  readonly eventHashes: EventHashes
}

/** Traits of spans. */
export function createSpanTraits({ meanings, pairs, eventHashes }: SpanTraitsOptions): SpanTraits {
  return createTraitBook<SpanScan>({
    ...{ meanings, pairs },
    begin(names) {
      eventHashes.names = names
    },
    add(hashes, { wire, scan, names }) {
      hashes.add(scan.kind)
      hashes.add(scan.statusCode)
      const hasMessage = scan.messageTo > scan.messageFrom
      hashes.add((hasMessage ? 1 : 0) | (scan.traceIdAt >= 0 ? 2 : 0))
      if (names.readsName) hashes.addBytes(wire.view, scan.nameFrom, scan.nameTo)
      if (scan.events.length > 0) eventHashes.addTo(hashes)
    },
  })
}
