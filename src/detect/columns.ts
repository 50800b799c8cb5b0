import type { Observation, ObservationUnit } from '../model/observation.ts'
import { NOTED_KEYS, type ObservationColumns, TRAIT_BITS } from '../model/observation-columns.ts'
import type { AttemptPile } from './attempt-piles.ts'
import type { Leaves } from './leaves.ts'
import { toNumber } from './number-of.ts'

/** So many items of a batch at once. */
export const COLUMNS_MAX = 4_096

export const UNIT_FLAG: Readonly<Record<ObservationUnit, number>> = {
  ...{ attempt: 0, request: 0, span: 0, log: 0, ...TRAIT_BITS },
  ...{ metric: 16, status: 32 },
}

/** What came together: observations, and the same in columns. */
export interface Given {
  readonly observations: readonly Observation[]
  readonly columns: ObservationColumns
}

/**
 * Items of a batch that were sorted, side by side in the order in which they came: what is done for each
 * of thousands is a walk through arrays. Good until `clear`.
 */
export class Columns {
  length = 0
  given: Given | undefined
  /** Where they stand in what was given. */
  readonly places = new Int32Array(COLUMNS_MAX)
  readonly leaves: Leaves[] = []
  /** Guarded event times. */
  readonly atUnixMs = new Float64Array(COLUMNS_MAX)
  readonly tookMs = new Float64Array(COLUMNS_MAX)
  readonly weights = new Float64Array(COLUMNS_MAX)
  /** Samples. */
  readonly counts = new Float64Array(COLUMNS_MAX)
  /** For counting each once (`lib/recent-keys.ts`); NaN where that does not matter. */
  readonly identities = new Float64Array(COLUMNS_MAX)
  readonly flags = new Uint8Array(COLUMNS_MAX)
  readonly isNew = new Uint8Array(COLUMNS_MAX)
  /** 0: it was started under weights that are no longer in force. */
  readonly isCurrent = new Uint8Array(COLUMNS_MAX)
  readonly #numbers: Float64Array[] = []

  get isFull(): boolean {
    return this.length === COLUMNS_MAX
  }

  /** An item that was sorted by its traits: what it is stands in the columns that were given. */
  put(leaves: Leaves, place: number, atUnixMs: number): void {
    const { columns } = this.given as Given
    const row = this.length++
    const flag = columns.units[place] as number
    this.places[row] = place
    this.leaves[row] = leaves
    this.atUnixMs[row] = atUnixMs
    this.tookMs[row] = columns.tookMs[place] as number
    this.weights[row] = columns.weights[place] as number
    this.counts[row] = columns.counts[place] as number
    this.flags[row] = flag
    this.isCurrent[row] = 1
    const isOnce = leaves.isCounted || flag === UNIT_FLAG.attempt
    this.identities[row] = isOnce ? (columns.identities[place] as number) : Number.NaN
  }

  /** Any other. */
  putOne(leaves: Leaves, place: number, standing: { atUnixMs: number; isCurrent: boolean }): void {
    const { observations } = this.given as Given
    const observation = observations[place] as Observation
    const { once = Number.NaN, unit, count = 1 } = observation
    const row = this.length++
    this.places[row] = place
    this.leaves[row] = leaves
    this.atUnixMs[row] = standing.atUnixMs
    this.tookMs[row] = Math.max(0, observation.atUnixMs - observation.startUnixMs)
    this.weights[row] = observation.weight
    this.counts[row] = count
    this.flags[row] = UNIT_FLAG[unit]
    this.isCurrent[row] = standing.isCurrent ? 1 : 0
    this.identities[row] = leaves.isCounted || unit === 'attempt' ? once : Number.NaN
  }

  observation(row: number): Observation {
    return this.given?.observations[this.places[row] as number] as Observation
  }

  /** The numbers of a key, by its place among `LeafMemo`'s: NaN of an item that does not carry it. */
  numbers(place: number): Float64Array {
    while (this.#numbers.length <= place)
      this.#numbers.push(new Float64Array(COLUMNS_MAX).fill(Number.NaN))
    return this.#numbers[place] as Float64Array
  }

  /** Of `NOTED_KEYS`, what nobody noted of an item: it is asked, if it carries it at all. */
  askNoted(row: number, noted: number): number {
    if (((this.leaves[row]?.carried ?? 0) & (1 << noted)) === 0) return Number.NaN
    const observation = this.observation(row)
    const key = NOTED_KEYS[noted] as string
    return toNumber(observation.ask?.(key) ?? observation.field(key)) ?? Number.NaN
  }

  clear(): void {
    for (const numbers of this.#numbers) numbers.fill(Number.NaN, 0, this.length)
    this.length = 0
  }
}

/** Attempts that were not delivered before, alike but for their times; good until the call returns. */
export interface NewAttempts {
  readonly pile: AttemptPile
  readonly columns: Columns
}
