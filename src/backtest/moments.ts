import type { NumberColumn } from '../lib/native-numbers.ts'

// Rows come as they lie in the database. All rows of one request have the same moment, so that there
// are few moments beside the rows: they are counted into their places instead of being compared.

export interface Moments {
  /** Ascending, each once. */
  readonly seen: Float64Array
  /** Where the rows of each end; they begin where those of the one before end. */
  readonly ends: Uint32Array
  /** Of each row, in order: its block, and its place there. */
  readonly blocks: Uint32Array
  readonly rows: Uint32Array
}

export interface SeenColumn {
  readonly seen: NumberColumn
  readonly rowCount: number
}

/** Within a moment rows keep the order of blocks, and of rows in them. */
export function sortBySeen(columns: readonly SeenColumn[]): Moments {
  const numbers = new Map<number, number>()
  const counts: number[] = []
  const numbersOf = columns.map((column) => numberBySeen(column, { numbers, counts }))
  const seen = Float64Array.from(numbers.keys()).sort()
  const { ends, places } = toPlaces(seen, { numbers, counts })
  const total = ends.at(-1) ?? 0
  const blocks = new Uint32Array(total)
  const rows = new Uint32Array(total)
  for (const [block, own] of numbersOf.entries())
    for (let row = 0; row < own.length; row++) {
      const number = own[row] as number
      const place = places[number] as number
      places[number] = place + 1
      blocks[place] = block
      rows[place] = row
    }
  return { seen, ends, blocks, rows }
}

interface Counted {
  /** Of each moment, in the order in which they were found. */
  readonly numbers: Map<number, number>
  readonly counts: number[]
}

function numberBySeen(
  { seen: moments, rowCount }: SeenColumn,
  { numbers, counts }: Counted,
): Uint32Array {
  const own = new Uint32Array(rowCount)
  let last = Number.NaN
  let number = 0
  for (let row = 0; row < rowCount; row++) {
    const seen = moments.at(row)
    if (seen !== last) {
      last = seen
      number = numbers.get(seen) ?? numbers.size
      if (number === numbers.size) {
        numbers.set(seen, number)
        counts.push(0)
      }
    }
    own[row] = number
    counts[number] = (counts[number] as number) + 1
  }
  return own
}

function toPlaces(sorted: Float64Array, { numbers, counts }: Counted) {
  const ends = new Uint32Array(sorted.length)
  const places = new Uint32Array(sorted.length)
  let end = 0
  for (const [index, seen] of sorted.entries()) {
    const number = numbers.get(seen) ?? 0
    places[number] = end
    end += counts[number] ?? 0
    ends[index] = end
  }
  return { ends, places }
}
