import type { Observation, ObservationUnit, Traits } from './observation.ts'

/** Units that may have traits, as `ObservationColumns` tells them. */
export const TRAIT_BITS: Readonly<Partial<Record<ObservationUnit, number>>> = {
  attempt: 1,
  request: 2,
  span: 4,
  log: 8,
}

/** Numbers that whoever makes observations may note beside them, in the order of their columns. */
export const NOTED_KEYS = [
  'cost',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
] as const

const ROWS_MIN = 1_024
/** After more, their memory is given back. */
const ROWS_KEPT = 65_536

/**
 * Observations that came together, in columns: what detection asks of each of thousands stands side by
 * side, so that it need not look at the observation itself. Filled while observations are made, or by
 * whoever needs them; begun anew with `clear`.
 */
export class ObservationColumns {
  length = 0
  /** Of what has some; undefined of all else, of which only `noted` says something. */
  readonly traits: (Traits | undefined)[] = []
  /** `TRAIT_BITS`. */
  units: Uint8Array = new Uint8Array(ROWS_MIN)
  atUnixMs: Float64Array = new Float64Array(ROWS_MIN)
  /** At least 0. */
  tookMs: Float64Array = new Float64Array(ROWS_MIN)
  weights: Float64Array = new Float64Array(ROWS_MIN)
  /** Samples. */
  counts: Float64Array = new Float64Array(ROWS_MIN)
  /** NaN of those without an identity. */
  identities: Float64Array = new Float64Array(ROWS_MIN)
  /** By `NOTED_KEYS`; NaN where nobody noted one: then the observation is to be asked. */
  readonly noted: Float64Array[] = NOTED_KEYS.map(() => new Float64Array(ROWS_MIN))

  /** Begun anew, of these. */
  of(observations: readonly Observation[]): this {
    this.clear()
    for (const observation of observations) this.push(observation)
    return this
  }

  push(observation: Observation): void {
    const row = this.length++
    if (row >= this.units.length) this.#grow(this.units.length * 2)
    const bit = TRAIT_BITS[observation.unit] ?? 0
    const traits = bit === 0 || observation.isPresence ? undefined : observation.traits
    this.traits[row] = traits
    for (let place = 0; place < this.noted.length; place++)
      (this.noted[place] as Float64Array)[row] = observation.noted?.(place) ?? Number.NaN
    if (traits === undefined) return
    const { atUnixMs } = observation
    this.units[row] = bit
    this.atUnixMs[row] = atUnixMs
    this.tookMs[row] = Math.max(0, atUnixMs - observation.startUnixMs)
    this.weights[row] = observation.weight
    this.counts[row] = observation.count ?? 1
    this.identities[row] = observation.once ?? Number.NaN
  }

  clear(): void {
    if (this.units.length > ROWS_KEPT) this.#grow(ROWS_MIN)
    this.traits.fill(undefined, 0, this.length)
    if (this.traits.length > ROWS_KEPT) this.traits.length = 0
    this.length = 0
  }

  #grow(size: number): void {
    this.units = resized(this.units, size)
    this.atUnixMs = resized(this.atUnixMs, size)
    this.tookMs = resized(this.tookMs, size)
    this.weights = resized(this.weights, size)
    this.counts = resized(this.counts, size)
    this.identities = resized(this.identities, size)
    for (let place = 0; place < this.noted.length; place++)
      this.noted[place] = resized(this.noted[place] as Float64Array, size)
  }
}

function resized<Column extends Uint8Array | Float64Array>(column: Column, size: number): Column {
  const next = new (column.constructor as new (length: number) => Column)(size)
  next.set(column.subarray(0, size))
  return next
}
