import type { EventHashes } from './event-hashes.ts'
import type { PairList } from './pairs.ts'
import type { AlikeRouted, OwnWords } from './said.ts'
import type { SpanScan } from './span-scan.ts'
import type { SpanViewer } from './span-viewer.ts'
import type { Traits } from './traits.ts'
import type { Wire } from './wire.ts'

/** A span that was just scanned, and who can read it again. */
export interface ScannedSpan {
  readonly viewer: SpanViewer
  readonly wire: Wire
  readonly scan: SpanScan
  readonly pairs: PairList
  /** Of the `Span` message. */
  from: number
  to: number
}

/** What was found out of a span besides. */
export interface SpanNotes {
  traits: Traits | undefined
  isWanted: boolean
  mayBeMarked: boolean
  alike: AlikeRouted | undefined
  words: OwnWords | undefined
  /** Of the events of the span that was just read. */
  readonly events: Pick<EventHashes, 'messageFrom' | 'messageTo'>
}
