import { TwoHashes } from '../lib/two-hashes.ts'
import { type EventScan, isEventNamed } from './event-scan.ts'
import { createPairHashes, type HashedNames, type Hasher, type PairHashes } from './pair-hashes.ts'
import type { PairList } from './pairs.ts'
import { TEXT } from './value-kinds.ts'
import type { Wire } from './wire.ts'

/** What the events of one span are to whoever hashes them: its last exception, and without one its last event. */
export interface EventHashes {
  names: HashedNames | undefined
  /** A span begins. */
  clear(): void
  /**
   * Where the message of its last exception stands, from and to; −1 where it has none, or none that is
   * shown as it is.
   */
  readonly messageFrom: number
  readonly messageTo: number
  /** Its next event, whose attributes the list holds. */
  note(wire: Wire, event: EventScan): void
  /** Adds what there was since it was cleared. */
  addTo(hashes: TwoHashes): void
}

/** What none of them is. */
const NOTHING = 0
const EVENT = 1
const EXCEPTION = 2

export function createEventHashes(pairs: PairList, hasher: Hasher): EventHashes {
  return new Hashes(pairs, hasher)
}

class Hashes implements EventHashes {
  messageFrom = -1
  messageTo = -1
  readonly #list: PairList
  readonly #pairs: PairHashes
  readonly #own = new TwoHashes()
  #kind = NOTHING

  constructor(pairs: PairList, hasher: Hasher) {
    this.#list = pairs
    this.#pairs = createPairHashes(pairs, hasher)
  }

  get names(): HashedNames | undefined {
    return this.#pairs.names
  }

  set names(names: HashedNames | undefined) {
    this.#pairs.names = names
  }

  clear(): void {
    this.#kind = NOTHING
    this.messageFrom = this.messageTo = -1
  }

  note(wire: Wire, event: EventScan): void {
    const { names } = this.#pairs
    if (names === undefined) return
    if (isEventNamed(wire, event, 'exception')) {
      this.#kind = EXCEPTION
      this.#own.start()
      this.#pairs.addTo(this.#own, wire)
      this.#noteMessage()
    } else if (names.readsEvent && this.#kind !== EXCEPTION) {
      this.#kind = EVENT
      this.#own.start()
      this.#own.addBytes(wire.view, event.nameFrom, event.nameTo)
    }
  }

  #noteMessage(): void {
    const list = this.#list
    const { places, withheld } = list.facts()
    const place = places.get('exception.message')
    const isPlain = place !== undefined && list.kinds[place] === TEXT && !withheld?.[place]
    this.messageFrom = isPlain ? (list.froms[place] as number) : -1
    this.messageTo = isPlain ? (list.tos[place] as number) : -1
  }

  addTo(hashes: TwoHashes): void {
    hashes.add(this.#kind)
    if (this.#kind !== NOTHING) hashes.addTwo(this.#own.low, this.#own.high)
  }
}
