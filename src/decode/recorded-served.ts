import type { NativeRows, NumberColumn, TextColumn } from '../lib/native-reader.ts'
import type { Attempt, Request, RequestOutcome, Role } from '../model/attempt.ts'
import type { FieldValue, Observation, ObservationUnit, Source } from '../model/observation.ts'
import { sourceField } from './fields.ts'
import { ATTEMPT_COLUMNS, REQUEST_COLUMNS } from './recorded-keys.ts'

// Attempts and requests as rules saw them, from their stored rows. What was not fetched, because no
// rule reads it, is empty.

/** Makes the observation of a row; who sent it is known from elsewhere. */
export type ReadRow = (row: number, source: Source) => Observation

/** Fields that have no column; undefined where there is nothing to read them from. */
export type ReadItem = (row: number, source: Source) => Observation['field'] | undefined

/** @param readItem given when rules read more than what has a column */
export function readServed(
  unit: 'attempt' | 'request',
  rows: NativeRows,
  readItem: ReadItem = () => undefined,
): ReadRow {
  const columns = { ...createColumns(unit, rows), readItem }
  if (unit === 'attempt') return (row, source) => new RecordedAttempt(columns, row, source)
  return (row, source) => new RecordedRequest(columns, row, source)
}

type Read = (row: number) => FieldValue | undefined

interface Columns {
  readonly unit: 'attempt' | 'request'
  readonly rows: NativeRows
  readonly start: NumberColumn
  readonly end: NumberColumn
  readonly duration: NumberColumn
  readonly weight: NumberColumn
  readonly samples: NumberColumn
  readonly once: NumberColumn
  readonly reads: ReadonlyMap<string, Read>
  readonly readItem: ReadItem
  text(column: string, row: number): string
}

/** Numbers among them; 0 says nothing where 0 cannot be. */
const NUMBERS: Readonly<Record<string, boolean>> = {
  StatusCode: true,
  Cost: true,
  Images: false,
  AttemptCount: false,
}

function createColumns(unit: 'attempt' | 'request', rows: NativeRows): Omit<Columns, 'readItem'> {
  const names = unit === 'attempt' ? ATTEMPT_COLUMNS : REQUEST_COLUMNS
  const reads = new Map<string, Read>()
  for (const [key, column] of Object.entries(names))
    if (rows.has(column)) reads.set(key, createRead(rows, column))
  const duration = rows.numbers('duration')
  reads.set('duration', (row) => duration.at(row))
  const texts = new Map<string, TextColumn | undefined>()
  const textsOf = (column: string) => {
    const own = rows.has(column) ? rows.texts(column) : undefined
    texts.set(column, own)
    return own
  }
  return {
    ...{ unit, rows, duration, reads },
    ...{ start: rows.numbers('start'), end: rows.numbers('end'), once: rows.numbers('once') },
    ...{ weight: rows.numbers('Weight'), samples: rows.numbers('Samples') },
    text: (column, row) => (texts.has(column) ? texts.get(column) : textsOf(column))?.at(row) ?? '',
  }
}

function createRead(rows: NativeRows, column: string): Read {
  const isZeroAbsent = NUMBERS[column]
  if (isZeroAbsent === undefined) {
    const texts = rows.texts(column)
    return (row) => texts.at(row) || undefined
  }
  const numbers = rows.numbers(column)
  return isZeroAbsent ? (row) => numbers.at(row) || undefined : (row) => numbers.at(row)
}

/** A class, since there are millions: what nobody asks for is never made. */
class Recorded implements Observation {
  readonly source: Source
  readonly columns: Columns
  readonly row: number
  #item: { readonly field: Observation['field'] | undefined } | undefined
  readonly field = (key: string): FieldValue | undefined => {
    const { reads, readItem } = this.columns
    const value = reads.get(key)?.(this.row)
    if (value !== undefined) return value
    this.#item ??= { field: readItem(this.row, this.source) }
    const { field } = this.#item
    return field ? field(key) : sourceField(this.source, key)
  }

  constructor(columns: Columns, row: number, source: Source) {
    this.source = source
    this.columns = columns
    this.row = row
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

  get onceKey(): string | undefined {
    return toOnceKey(this.columns.once, this.row)
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

/**
 * The hash of an identity as text: as good for counting once as the identity itself. Undefined for 0,
 * which an item without an identity has.
 */
export function toOnceKey(column: NumberColumn, row: number): string | undefined {
  const [low, high] = column.halves(row)
  if (low === 0 && high === 0) return undefined
  return String.fromCharCode(low & 0xffff, low >>> 16, high & 0xffff, high >>> 16)
}

/** Both at once: what one of them lacks is empty. */
class ServedView implements Attempt, Request {
  readonly traceId = ''
  readonly spanId = ''
  readonly receivedUnixMs = 0
  readonly abandonedAfterMs = 0
  readonly #columns: Columns
  readonly #row: number

  constructor(columns: Columns, row: number) {
    this.#columns = columns
    this.#row = row
  }

  #text(column: string): string {
    return this.#columns.text(column, this.#row)
  }

  #number(key: string): number {
    return Number(this.#columns.reads.get(key)?.(this.#row) ?? 0)
  }

  get route(): string {
    return this.#text('Route')
  }

  get router(): string {
    return this.#text('Router')
  }

  get target(): string {
    return this.#text('Target')
  }

  get role(): Role {
    return this.#text('Role') as Role
  }

  get finalTarget(): string {
    return this.#text('FinalTarget')
  }

  get finalRole(): Request['finalRole'] {
    return this.#text('FinalRole') as Request['finalRole']
  }

  get requestId(): string {
    return this.#text('RequestId')
  }

  get outcome(): RequestOutcome {
    return this.#text('Outcome') as RequestOutcome
  }

  get errorType(): string {
    return this.#text('ErrorType')
  }

  get generation(): string {
    return this.#text('Generation')
  }

  get session(): string {
    return this.#text('Session')
  }

  get model(): string {
    return this.#text('Model')
  }

  get region(): string {
    return this.#text('Region')
  }

  get tenant(): string {
    return this.#text('Tenant')
  }

  get tier(): string {
    return this.#text('Tier')
  }

  get class(): string {
    return this.#text('Class')
  }

  get variant(): string {
    return this.#text('Variant')
  }

  get statusCode(): number {
    return this.#number('http.response.status_code')
  }

  get images(): number {
    return this.#number('images')
  }

  get cost(): number {
    return this.#number('cost')
  }

  get attemptCount(): number {
    return this.#number('attempt_count')
  }

  get weight(): number {
    return this.#columns.weight.at(this.#row)
  }

  get startUnixNs(): bigint {
    return toNs(this.#columns.start.at(this.#row))
  }

  get endUnixNs(): bigint {
    return toNs(this.#columns.end.at(this.#row))
  }
}

const toNs = (unixMs: number) => BigInt(Math.round(unixMs * 1_000)) * 1_000n
