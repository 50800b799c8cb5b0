import type { Meanings } from '../config/meanings.ts'
import { readMeaning } from './fields.ts'
import type { LogScan } from './log-scan.ts'
import type { PairList } from './pairs.ts'
import { QUALITY_EVENT } from './quality.ts'
import type { AttributesView } from './span-place.ts'
import { createTraitBook, type TraitBook } from './trait-book.ts'

export interface LogTraits extends TraitBook<LogScan> {
  /** False for what rules are told more of than the record says: where the request of a verdict went. */
  tells(kind: string, attributes: AttributesView): boolean
}

/**
 * Traits of log records whose body is nothing but a text, or that have none: what else a body says is not
 * told by them.
 */
export function createLogTraits(options: {
  readonly meanings: Meanings
  readonly pairs: PairList
}): LogTraits {
  const { route, target } = options.meanings
  const book = createTraitBook<LogScan>({
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
  return {
    begin: (asked) => book.begin(asked),
    of: (wire, scan, sender) => book.of(wire, scan, sender),
    tells(kind, attributes) {
      if (kind !== QUALITY_EVENT) return true
      const own = { attributes, resource: NOTHING }
      return readMeaning(route, own) !== undefined && readMeaning(target, own) !== undefined
    },
  }
}

const NOTHING = { get: () => undefined }
