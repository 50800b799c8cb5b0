import type { PlainColumn } from '../lib/native-column.ts'
import type { WordColumn } from '../lib/native-words.ts'
import { boundNs } from './nanoseconds.ts'
import { type Halves, halvesToSeconds, readHalves } from './times.ts'

// How single values get into columns, where the column itself does not know.

export function readTime(into: Halves, view: DataView, at: number): void {
  if (at >= 0) readHalves(into, view, at)
  else into.low = into.high = 0
}

export function pushHalves({ data }: PlainColumn, { low, high }: Halves): void {
  data.reserve(8)
  data.view.setInt32(data.length, low | 0, true)
  data.view.setInt32(data.length + 4, high | 0, true)
  data.length += 8
}

export function pushNs({ data }: PlainColumn, ns: bigint): void {
  data.reserve(8)
  data.view.setBigInt64(data.length, boundNs(ns), true)
  data.length += 8
}

/** Appends one of a few words by its number; numbers that there are not are the first. */
export function createWordPicker(column: WordColumn, words: readonly string[]) {
  let serial = -1
  let indexes: number[] = []
  return (number: number) => {
    if (serial !== column.serial) {
      indexes = words.map((word) => column.indexOfText(word))
      serial = column.serial
    }
    column.indexes.push(indexes[number] ?? indexes[0] ?? 0)
  }
}

export function pushRepeated({ data }: PlainColumn, text: string, count: number): void {
  if (count === 0) return
  const from = data.length
  data.text(text)
  data.repeat(from, count)
}

/** Whole seconds of a time in a DateTime column; 0 when it is absent. */
export function pushSeconds(column: PlainColumn, view: DataView, at: number): void {
  const time: Halves = { low: 0, high: 0 }
  readTime(time, view, at)
  pushWholeSeconds(column, time)
}

export function pushWholeSeconds({ data }: PlainColumn, time: Halves): void {
  data.reserve(4)
  data.view.setUint32(data.length, halvesToSeconds(time), true)
  data.length += 4
}
