import type { NumberColumn } from '../lib/native-numbers.ts'
import type { Codes, MapEntries, MapValues, TextColumn } from '../lib/native-values.ts'

// Which rows of a block look alike, worked out column by column on the numbers that the database gave
// its words: no value is made, and no text compared.

/** Something that rows may have in common. */
export interface Alike {
  /** Undefined where that cannot be told: then no two rows are alike. */
  readonly codes: Codes | undefined
  /** The value itself, by which rows of different blocks are told apart. */
  at(row: number): string | number | boolean | readonly string[]
}

/** More are not worth telling apart: rows are hardly alike then. */
const GROUPS_MAX = 4_096
/** Up to so many a table has a place for each pair of group and code. */
const CELLS_MAX = 1 << 18

export class RowGroups {
  /** Of each row the number of its group. */
  readonly of: Uint32Array
  count = 1

  constructor(rowCount: number) {
    this.of = new Uint32Array(rowCount)
  }

  get isTooMany(): boolean {
    return this.count > GROUPS_MAX
  }

  /** Tells rows apart that differ in this column; in one without codes all may. */
  split(column: Codes | undefined): void {
    if (!column) this.count = Number.POSITIVE_INFINITY
    if (!column || this.isTooMany || isConstant(column.of)) return
    const { of: codes, count } = column
    if (this.count * count > CELLS_MAX) {
      this.#splitSparsely(codes, count)
      return
    }
    const { of } = this
    const cells = new Uint32Array(this.count * count)
    let next = 0
    for (let row = 0; row < of.length; row++) {
      const cell = (of[row] as number) * count + (codes[row] as number)
      let group = cells[cell] as number
      if (group === 0) {
        group = ++next
        cells[cell] = group
      }
      of[row] = group - 1
    }
    this.count = next
  }

  #splitSparsely(codes: Codes['of'], count: number): void {
    const { of } = this
    const groups = new Map<number, number>()
    for (let row = 0; row < of.length; row++) {
      const cell = (of[row] as number) * count + (codes[row] as number)
      let group = groups.get(cell)
      if (group === undefined) {
        group = groups.size
        groups.set(cell, group)
      }
      of[row] = group
    }
    this.count = groups.size
  }

  /** The first row of each group. */
  firsts(): Uint32Array {
    const firsts = new Uint32Array(this.count)
    for (let row = this.of.length - 1; row >= 0; row--) firsts[this.of[row] as number] = row
    return firsts
  }
}

function isConstant(codes: Codes['of']): boolean {
  const first = codes[0]
  for (let row = 1; row < codes.length; row++) if (codes[row] !== first) return false
  return true
}

/** Numbers up to here, as status codes are, are their own codes. */
const OWN_CODE_MAX = 1_000

export const alikeIntegers = (rowCount: number, numbers: NumberColumn): Alike => ({
  codes: codesOf(rowCount, numbers),
  at: (row) => numbers.at(row),
})

function codesOf(rowCount: number, numbers: NumberColumn): Codes {
  const of = new Uint32Array(rowCount)
  let max = 0
  for (let row = 0; row < rowCount && max <= OWN_CODE_MAX; row++) {
    const value = numbers.at(row)
    if (value > max) max = value
    of[row] = value
  }
  if (max <= OWN_CODE_MAX) return { of, count: max + 1 }
  const known = new Map<number, number>()
  for (let row = 0; row < rowCount; row++) {
    const value = numbers.at(row)
    const code = known.get(value) ?? known.size
    if (code === known.size) known.set(value, code)
    of[row] = code
  }
  return { of, count: known.size }
}

export const alikeTexts = (texts: TextColumn): Alike => ({
  codes: texts.codes,
  at: (row) => texts.at(row),
})

/** Whether there is something at all. */
export function presenceOf(rowCount: number, isThere: (row: number) => boolean): Alike {
  const of = new Uint8Array(rowCount)
  for (let row = 0; row < rowCount; row++) of[row] = isThere(row) ? 1 : 0
  return { codes: { of, count: 2 }, at: isThere }
}

export const presenceOfTexts = (rowCount: number, texts: TextColumn) =>
  presenceOf(rowCount, (row) => !texts.isEmpty(row))

/**
 * The same entries, in the same order; of keys that vary only whether there is a value. Cannot be told
 * without a dictionary of values.
 */
export function alikeMaps(maps: MapValues, varies: (key: string) => boolean): Alike {
  const at = (row: number) =>
    maps.keys(row).flatMap((key) => {
      const value = maps.get(row, key) ?? ''
      return [key, varies(key) ? String(value === '') : value]
    })
  return { codes: codesOfMaps(maps.entries, varies), at }
}

function codesOfMaps(
  { keys, values, ends }: MapEntries,
  varies: (key: string) => boolean,
): Codes | undefined {
  const of = new Uint32Array(ends.length)
  if (ends.at(-1) === 0) return { of, count: 1 }
  const [keyCodes, valueCodes] = [keys.codes, values.codes]
  if (!keyCodes || !valueCodes) return undefined
  const isVarying = new Map<number, boolean>()
  /** From the number of what stands before and an entry to the number of both. */
  const steps = new Map<number, number>()
  for (let row = 0, at = 0; row < ends.length; row++) {
    let state = 0
    for (; at < (ends[row] as number); at++) {
      const key = keyCodes.of[at] as number
      let varied = isVarying.get(key)
      if (varied === undefined) {
        varied = varies(keys.at(at))
        isVarying.set(key, varied)
      }
      // Two codes stand for "varies": there, and there but empty.
      const value = varied ? Number(values.isEmpty(at)) : 2 + (valueCodes.of[at] as number)
      const step = (state * keyCodes.count + key) * (valueCodes.count + 2) + value
      state = steps.get(step) ?? steps.size + 1
      if (state > steps.size) steps.set(step, state)
    }
    of[row] = state
  }
  return { of, count: steps.size + 1 }
}
