import type { Attempt } from '../model/attempt.ts'
import type { Observation } from '../model/observation.ts'
import { Rows } from './rows.ts'

// Attempts of a batch by what T0 and counters ask of them beside their times: they are told of all of one
// look at once.

/** Of one router, to one target of one route, that ended one way. */
export class AttemptPile extends Rows {
  readonly facts: AttemptFacts
  /** Its router's spans, and nothing that was made of its counters. */
  readonly isOfSpans: boolean
  readonly source: string

  constructor(facts: AttemptFacts, { source, feed }: Pick<Observation, 'source' | 'feed'>) {
    super()
    this.facts = facts
    this.source = source.id
    this.isOfSpans = feed === undefined
  }
}

export type AttemptFacts = Pick<Attempt, 'route' | 'target' | 'role' | 'outcome'>

/** Then they are forgotten: a sender that makes up routes must not fill memory. */
const PILES_MAX = 10_000

export class AttemptPiles {
  readonly #piles = new Map<string, AttemptPile>()

  /** Undefined for what is no attempt. */
  of(observation: Observation): AttemptPile | undefined {
    const { attempt, source, feed = 'spans' } = observation
    if (!attempt) return undefined
    const { route, target, role, outcome } = attempt
    const key = JSON.stringify([source.id, feed, route, target, role, outcome])
    const known = this.#piles.get(key)
    if (known) return known
    const pile = new AttemptPile({ route, target, role, outcome }, observation)
    if (this.#piles.size >= PILES_MAX) this.#piles.clear()
    this.#piles.set(key, pile)
    return pile
  }
}
