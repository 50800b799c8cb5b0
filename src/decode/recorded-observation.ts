import type { NumberColumn } from '../lib/native-numbers.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type {
  FieldValue,
  Observation,
  ObservationUnit,
  Source,
  Traits,
} from '../model/observation.ts'
import { toUnixMsAt } from './recorded-times.ts'

// Stored items as rules saw them. One class for all of them, since there are millions and whoever
// looks at them is then always looking at the same shape; what nobody asks for is never made.

/** Of all rows of one block, by row. */
export interface RecordedColumns {
  readonly unit: ObservationUnit
  /** Nanoseconds since 1970. */
  readonly start: NumberColumn
  readonly end: NumberColumn
  readonly weight: NumberColumn
  readonly samples: NumberColumn
  /** 0: without an identity. */
  readonly once: NumberColumn
  read(item: Recorded, key: string): FieldValue | undefined
  readonly attemptOf: ((row: number) => Attempt) | undefined
  readonly requestOf: ((row: number) => Request) | undefined
}

/** What a row has in common with others. */
export interface Standing {
  readonly source: Source
  readonly traits: Traits | undefined
}

export class Recorded implements Observation {
  readonly source: Source
  readonly traits: Traits | undefined
  readonly columns: RecordedColumns
  readonly row: number
  /** What is found of a row when it is looked at for the first time. */
  opened: Observation['field'] | undefined

  constructor(columns: RecordedColumns, row: number, { source, traits }: Standing) {
    this.source = source
    this.traits = traits
    this.columns = columns
    this.row = row
    this.opened = undefined
  }

  field(key: string): FieldValue | undefined {
    return this.columns.read(this, key)
  }

  get unit(): ObservationUnit {
    return this.columns.unit
  }

  get atUnixMs(): number {
    return toUnixMsAt(this.columns.end, this.row)
  }

  get startUnixMs(): number {
    return toUnixMsAt(this.columns.start, this.row)
  }

  get weight(): number {
    return this.columns.weight.at(this.row)
  }

  get count(): number {
    return this.columns.samples.at(this.row)
  }

  get once(): number | undefined {
    return this.columns.once.at(this.row) || undefined
  }

  get attempt(): Attempt | undefined {
    return this.columns.attemptOf?.(this.row)
  }

  get request(): Request | undefined {
    return this.columns.requestOf?.(this.row)
  }
}
