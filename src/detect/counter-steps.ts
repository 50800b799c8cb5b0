import { compareGenerations, formatGeneration, type Generation } from '../model/generation.ts'
import type { PlaceCounters, StatusReading } from './status-reading.ts'

/** By how much the counters of one router grew, from status to status. */
export interface CounterSteps {
  /** Undefined for a status that came after a later one, and says nothing new. */
  take(reading: StatusReading): CounterStep | undefined
  /** Whether it counts attempts of a route: some status named it. */
  hasRoute(route: string): boolean
  save(): unknown
  load(saved: unknown): void
}

export interface CounterStep {
  /** When the last status was; undefined for the first: what came before it is not known. */
  readonly fromUnixMs: number | undefined
  readonly untilUnixMs: number
  /** Attempts that ended between the two. */
  readonly total: number
  /** It names a route for the first time: spans of it may have come before anybody knew. */
  readonly hasNewRoute: boolean
  readonly places: readonly PlaceStep[]
}

export interface PlaceStep {
  readonly route: string
  readonly target: string
  /** By `OUTCOMES`: those that rules count, started under the pair that is in force. */
  readonly ended: readonly number[]
  /** The route's windows started anew and the router has not followed, or just has: forget it. */
  readonly isFresh: boolean
}

interface Place {
  ended: readonly number[]
  /** Attempts of an older pair that were open when the router took up this one, and did not end yet. */
  openOfBefore: number
  openSinceUnixMs: number
}

interface RouteState {
  /** Of its last restart. */
  pair: string
  /** The router has not said yet that it follows. */
  isWaiting: boolean
}

const BOOTS_MAX = 8
const PLACES_MAX = 1_000

/** @param pairAt the pair since which attempts of a route count; undefined: all of them */
export function createCounterSteps(
  pairAt: (route: string) => Generation | undefined,
): CounterSteps {
  return new Steps(pairAt)
}

class Steps implements CounterSteps {
  readonly #pairAt: (route: string) => Generation | undefined
  #places = new Map<string, Place>()
  #routes = new Map<string, RouteState>()
  /** This one last. */
  #boots: string[] = []
  #lastUnixMs: number | undefined

  constructor(pairAt: (route: string) => Generation | undefined) {
    this.#pairAt = pairAt
  }

  take(reading: StatusReading): CounterStep | undefined {
    if (this.#isOld(reading)) return undefined
    const { bootId, atUnixMs, counters } = reading
    const fromUnixMs = this.#lastUnixMs
    const routeCount = this.#routes.size
    const isUnknown = fromUnixMs === undefined || this.#hasFallen(reading)
    if (this.#boots.at(-1) !== bootId) {
      this.#places = new Map()
      this.#boots = [...this.#boots.slice(1 - BOOTS_MAX), bootId]
    }
    this.#lastUnixMs = atUnixMs
    const waiting = new Map<string, boolean>()
    let total = 0
    const places: PlaceStep[] = []
    for (const one of counters) {
      if (!waiting.has(one.route)) waiting.set(one.route, this.#isWaiting(one))
      const place = this.#placeOf(one)
      if (!place) continue
      const grown = one.ended.map((count, at) => (isUnknown ? 0 : count - (place.ended[at] ?? 0)))
      place.ended = one.ended
      total += sum(grown)
      const isFresh = waiting.get(one.route) === true
      if (isFresh) begin(place, one, atUnixMs)
      const ended = isFresh ? grown.map(() => 0) : without(place, one, { grown, atUnixMs })
      places.push({ route: one.route, target: one.target, ended, isFresh })
    }
    const hasNewRoute = this.#routes.size > routeCount
    return { fromUnixMs, untilUnixMs: atUnixMs, total, hasNewRoute, places }
  }

  hasRoute(route: string): boolean {
    return this.#routes.has(route)
  }

  save(): unknown {
    const [places, routes] = [[...this.#places], [...this.#routes]]
    return { places, routes, boots: this.#boots, lastUnixMs: this.#lastUnixMs }
  }

  load(saved: unknown): void {
    const known = saved as {
      places: [string, Place][]
      routes: [string, RouteState][]
      boots: string[]
      lastUnixMs: number | undefined
    }
    this.#places = new Map(known.places)
    this.#routes = new Map(known.routes)
    this.#boots = [...known.boots]
    this.#lastUnixMs = known.lastUnixMs
  }

  /**
   * Of a boot that is over, or overtaken on its way by a later one of the same. Counters that fall in
   * one boot without that are counted from where they are: nobody knows how far they had come.
   */
  #isOld(reading: StatusReading): boolean {
    const { bootId, atUnixMs } = reading
    if (this.#boots.slice(0, -1).includes(bootId)) return true
    return this.#hasFallen(reading) && atUnixMs < (this.#lastUnixMs ?? 0)
  }

  #hasFallen({ bootId, counters }: StatusReading): boolean {
    if (this.#boots.at(-1) !== bootId) return false
    return counters.some(({ route, target, ended }) => {
      const known = this.#places.get(keyOf(route, target))
      return known?.ended.some((count, index) => (ended[index] ?? 0) < count)
    })
  }

  /**
   * Whether the attempts that ended until now do not count: weights of the route changed, and this is
   * at most the first status under them.
   */
  #isWaiting({ route, observed }: PlaceCounters): boolean {
    const limit = this.#pairAt(route)
    const pair = limit ? formatGeneration(limit) : ''
    const state = this.#routes.get(route) ?? { pair: '', isWaiting: false }
    this.#routes.set(route, state)
    if (state.pair !== pair) {
      state.pair = pair
      state.isWaiting = limit !== undefined
    }
    if (!state.isWaiting) return false
    state.isWaiting = !!limit && !!observed && compareGenerations(observed, limit) < 0
    return true
  }

  #placeOf({ route, target, ended }: PlaceCounters): Place | undefined {
    const key = keyOf(route, target)
    const known = this.#places.get(key)
    if (known) return known
    if (this.#places.size >= PLACES_MAX) return undefined
    // A place that was not there counted from 0.
    const place = { ended: ended.map(() => 0), openOfBefore: 0, openSinceUnixMs: 0 }
    this.#places.set(key, place)
    return place
  }
}

function begin(place: Place, { inflight }: PlaceCounters, atUnixMs: number): void {
  place.openOfBefore = inflight
  place.openSinceUnixMs = atUnixMs
}

interface Grown {
  readonly grown: readonly number[]
  readonly atUnixMs: number
}

/** Which of those that end are the old ones nobody knows: the first, by the shares of all outcomes. */
function without(place: Place, one: PlaceCounters, { grown, atUnixMs }: Grown): readonly number[] {
  const all = sum(grown)
  const old = Math.min(all, place.openOfBefore)
  if (old === 0 && place.openOfBefore === 0) return grown
  place.openOfBefore -= old
  const { oldestMs } = one
  const isNoneLeft = oldestMs !== undefined && atUnixMs - oldestMs >= place.openSinceUnixMs
  if (isNoneLeft || one.inflight === 0) place.openOfBefore = 0
  let passed = 0
  let taken = 0
  return grown.map((count) => {
    passed += count
    const takenNow = all === 0 ? 0 : Math.round((passed * old) / all) - taken
    taken += takenNow
    return count - takenNow
  })
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function keyOf(route: string, target: string): string {
  return `${route}\u0000${target}`
}
