import type { Meanings } from '../config/meanings.ts'
import type { LogScan } from './log-scan.ts'
import type { PairList } from './pairs.ts'
import { createTraitBook, type TraitBook } from './trait-book.ts'

export type LogTraits = TraitBook<LogScan>

/**
 * Traits of log records whose body is nothing but a text, or that have none: what else a body says is not
 * told by them.
 */
export function createLogTraits(options: {
  readonly meanings: Meanings
  readonly pairs: PairList
}): LogTraits {
  return createTraitBook<LogScan>({
    ...options,
    // A record may name its event in an attribute.
    also: (keys) => (keys.includes('event') || keys.includes('name') ? ['event.name'] : []),
    add(hashes, { wire, scan }) {
      hashes.add(scan.severityNumber)
      hashes.addBytes(wire.view, scan.severityFrom, scan.severityTo)
      hashes.addBytes(wire.view, scan.eventFrom, scan.eventTo)
      hashes.add(scan.traceIdAt >= 0 ? 1 : 0)
    },
  })
}
