import { TwoHashes } from '../lib/two-hashes.ts'
import { type EventScan, isEventNamed } from './event-scan.ts'
import { createPairHashes, type PairHashes } from './pair-hashes.ts'
import type { PairList } from './pairs.ts'
import type { TraitNames } from './trait-names.ts'
import type { Wire } from './wire.ts'

/** What the events of one span are to rules: its last exception, and without one its last event. */
export interface EventHashes {
  names: TraitNames | undefined
  /** A span begins. */
  clear(): void
  /** Its next event, whose attributes the list holds. */
  note(wire: Wire, event: EventScan): void
  /** Adds what there was since it was cleared. */
  addTo(hashes: TwoHashes): void
}

/** What none of them is. */
const NOTHING = 0
const EVENT = 1
const EXCEPTION = 2

export function createEventHashes(pairs: PairList): EventHashes {
  return new Hashes(pairs)
}

class Hashes implements EventHashes {
  readonly #pairs: PairHashes
  readonly #own = new TwoHashes()
  #kind = NOTHING

  constructor(pairs: PairList) {
    this.#pairs = createPairHashes(pairs)
  }

  get names(): TraitNames | undefined {
    return this.#pairs.names
  }

  set names(names: TraitNames | undefined) {
    this.#pairs.names = names
  }

  clear(): void {
    this.#kind = NOTHING
  }

  note(wire: Wire, event: EventScan): void {
    const { names } = this.#pairs
    if (names === undefined) return
    if (isEventNamed(wire, event, 'exception')) {
      this.#kind = EXCEPTION
      this.#own.start()
      this.#pairs.addTo(this.#own, wire)
    } else if (names.readsEvent && this.#kind !== EXCEPTION) {
      this.#kind = EVENT
      this.#own.start()
      this.#own.addBytes(wire.view, event.nameFrom, event.nameTo)
    }
  }

  addTo(hashes: TwoHashes): void {
    hashes.add(this.#kind)
    if (this.#kind !== NOTHING) hashes.addTwo(this.#own.low, this.#own.high)
  }
}
