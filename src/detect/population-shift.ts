/** How far the mix of one population is from that of another. */
export interface Shift {
  /** Population stability index: Σ (a − e) · ln(a / e) over classes, a and e being shares. */
  readonly index: number
  /** What the index comes to by chance alone in one case of a thousand or so. */
  readonly chance: number
  /** The class that contributes most, and its shares before and now. */
  readonly place: number
  readonly from: number
  readonly to: number
}

export interface ShiftQuery {
  /** Weights of each class. */
  readonly now: Float64Array
  readonly then: Float64Array
  /** Samples. */
  readonly count: number
  readonly countThen: number
}

/** Half an item in every class that occurs, so that an empty one has a logarithm. */
const EPSILON = 0.5

/**
 * Over the classes that occur in either. Two samples of one population differ too: the index is then
 * distributed as (1/n + 1/m) · χ² with (classes − 1) degrees of freedom, whose mean plus three
 * deviations is `chance`.
 *
 * @see Yurdakul and Naranjo, "Statistical properties of the population stability index", J. Risk
 *   Model Validation 14(4), 2020
 */
export function populationShift(query: ShiftQuery): Shift {
  const { now, then } = query
  const classCount = now.length
  let classes = 0
  let total = 0
  let totalThen = 0
  for (let place = 0; place < classCount; place++) {
    if (isEmpty(query, place)) continue
    classes++
    total += now[place] as number
    totalThen += then[place] as number
  }
  const share = (amount: number, of: number) => (amount + EPSILON) / (of + EPSILON * classes)
  let index = 0
  let worst = { part: -1, place: 0, from: 0, to: 0 }
  for (let place = 0; place < classCount; place++) {
    if (isEmpty(query, place)) continue
    const to = share(now[place] as number, total)
    const from = share(then[place] as number, totalThen)
    const part = (to - from) * Math.log(to / from)
    index += part
    if (part > worst.part) worst = { part, place, from, to }
  }
  const free = Math.max(0, classes - 1)
  const chance = (free + 3 * Math.sqrt(2 * free)) * (1 / query.count + 1 / query.countThen)
  return { index, chance, place: worst.place, from: worst.from, to: worst.to }
}

function isEmpty({ now, then }: ShiftQuery, place: number): boolean {
  return now[place] === 0 && then[place] === 0
}
