import type { NativeRows } from '../lib/native-reader.ts'
import { type FieldValue, VARYING_KEYS } from '../model/observation.ts'
import { sourceField } from './fields.ts'
import {
  createServedColumns,
  isNumberColumn,
  type ReadItem,
  type ServedColumns,
  ServedView,
} from './recorded-columns.ts'
import {
  type Alike,
  alikeIntegers,
  alikeTexts,
  presenceOf,
  presenceOfTexts,
} from './recorded-groups.ts'
import { columnsWithKeys } from './recorded-keys.ts'
import type { RecordedMemory } from './recorded-memory.ts'
import type { Recorded, RecordedColumns } from './recorded-observation.ts'
import { type ReadSentRow, readBlock } from './recorded-traits.ts'

// Attempts and requests as rules saw them, from their stored rows. What was not fetched, because no
// rule reads it, is empty.

/** What the spans of rows tell besides. */
export interface ServedItems {
  readonly read: ReadItem
  /** Whether there is more to read of a row than of those that look like it. */
  readonly isOdd?: (row: number) => boolean
  /** What else rows must have in common to look alike. */
  readonly alike: readonly Alike[]
}

export interface ServedOptions {
  readonly memory: RecordedMemory
  /** Given when rules read more than what has a column. */
  readonly items?: ServedItems | undefined
}

export function readServed(
  unit: 'attempt' | 'request',
  rows: NativeRows,
  { memory, items }: ServedOptions,
): ReadSentRow {
  const own = createServedColumns(unit, rows)
  const view = (row: number) => new ServedView(own, row)
  const columns: RecordedColumns = {
    unit,
    ...{ start: own.start, end: own.end, weight: own.weight, samples: own.samples },
    once: rows.numbers('once'),
    read: createReading(own, items),
    attemptOf: unit === 'attempt' ? view : undefined,
    requestOf: unit === 'request' ? view : undefined,
  }
  const routers = rows.texts('Router')
  return readBlock({
    ...{ columns, memory, rowCount: rows.rowCount, isOdd: items?.isOdd },
    alike: [...alikeIn(unit, rows), ...(items?.alike ?? [])],
    // It is its router's, also where that was not heard as one.
    sourceOf(row, senders) {
      const id = routers.at(row)
      return senders.get(id) ?? memory.source('router', id)
    },
  })
}

function createReading({ reads }: ServedColumns, items: ServedItems | undefined) {
  return (item: Recorded, key: string): FieldValue | undefined => {
    const { row, source } = item
    const value = reads.get(key)?.(row)
    if (value !== undefined) return value
    item.opened ??= items?.read(row, source) ?? ((other) => sourceField(source, other))
    return item.opened(key)
  }
}

/** All columns that were fetched. */
function alikeIn(unit: 'attempt' | 'request', rows: NativeRows): readonly Alike[] {
  return columnsWithKeys(unit)
    .filter(([column]) => rows.has(column))
    .map(([column, key]) => {
      const isVarying = VARYING_KEYS.has(key)
      if (isNumberColumn(column)) return alikeNumbers(rows, column, isVarying)
      const texts = rows.texts(column)
      return isVarying ? presenceOfTexts(rows.rowCount, texts) : alikeTexts(texts)
    })
}

function alikeNumbers(
  { rowCount, numbers }: NativeRows,
  column: string,
  isVarying: boolean,
): Alike {
  const own = numbers(column)
  if (isVarying) return presenceOf(rowCount, (row) => own.at(row) !== 0)
  return alikeIntegers(rowCount, own)
}
