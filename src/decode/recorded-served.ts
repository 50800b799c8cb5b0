import { toIdentity } from '../lib/identity.ts'
import type { NativeRows, NumberColumn } from '../lib/native-reader.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { FieldValue, Observation, ObservationUnit, Source } from '../model/observation.ts'
import { sourceField } from './fields.ts'
import {
  createServedColumns,
  type ReadItem,
  type ServedColumns,
  ServedView,
} from './recorded-columns.ts'

// Attempts and requests as rules saw them, from their stored rows. What was not fetched, because no
// rule reads it, is empty.

/** Makes the observation of a row; who sent it is known from elsewhere. */
export type ReadRow = (row: number, source: Source) => Observation

/** @param readItem given when rules read more than what has a column */
export function readServed(
  unit: 'attempt' | 'request',
  rows: NativeRows,
  readItem: ReadItem = () => undefined,
): ReadRow {
  const columns = { ...createServedColumns(unit, rows), readItem }
  if (unit === 'attempt') return (row, source) => new RecordedAttempt(columns, row, source)
  return (row, source) => new RecordedRequest(columns, row, source)
}

/** A class, since there are millions: what nobody asks for is never made. */
class Recorded implements Observation {
  readonly source: Source
  readonly columns: ServedColumns
  readonly row: number
  #item: { readonly field: Observation['field'] | undefined } | undefined

  constructor(columns: ServedColumns, row: number, source: Source) {
    this.source = source
    this.columns = columns
    this.row = row
  }

  field(key: string): FieldValue | undefined {
    const { reads, readItem } = this.columns
    const value = reads.get(key)?.(this.row)
    if (value !== undefined) return value
    this.#item ??= { field: readItem(this.row, this.source) }
    const { field } = this.#item
    return field ? field(key) : sourceField(this.source, key)
  }

  get unit(): ObservationUnit {
    return this.columns.unit
  }

  get atUnixMs(): number {
    return this.columns.end.at(this.row)
  }

  get startUnixMs(): number {
    return this.columns.start.at(this.row)
  }

  get weight(): number {
    return this.columns.weight.at(this.row)
  }

  get count(): number {
    return this.columns.samples.at(this.row)
  }

  get once(): number | undefined {
    return toOnce(this.columns.once, this.row)
  }
}

class RecordedAttempt extends Recorded {
  get attempt(): Attempt {
    return new ServedView(this.columns, this.row)
  }
}

class RecordedRequest extends Recorded {
  get request(): Request {
    return new ServedView(this.columns, this.row)
  }
}

/** Of the stored hash of an identity, undefined for 0, which an item without one has. */
export function toOnce(column: NumberColumn, row: number): number | undefined {
  const [low, high] = column.halves(row)
  return low === 0 && high === 0 ? undefined : toIdentity(low, high)
}
