import { computedNumbers, type NumberColumn } from '../lib/native-numbers.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { TextColumn } from '../lib/native-values.ts'
import type { Attempt, Request, RequestOutcome, Role } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { ATTEMPT_COLUMNS, REQUEST_COLUMNS } from './recorded-keys.ts'
import { toNs } from './recorded-times.ts'

// The columns of stored attempts and requests, as far as they were fetched.

/** Fields that have no column; undefined where there is nothing to read them from. */
export type ReadItem = (row: number, source: Source) => Observation['field'] | undefined

type Read = (row: number) => FieldValue | undefined

export interface ServedColumns {
  readonly rows: NativeRows
  /** Nanoseconds. */
  readonly start: NumberColumn
  readonly end: NumberColumn
  readonly weight: NumberColumn
  readonly samples: NumberColumn
  /** By key, of those that have a column. */
  readonly reads: ReadonlyMap<string, Read>
  text(column: string, row: number): string
}

/** Numbers among them; 0 says nothing where 0 cannot be. */
const NUMBERS: Readonly<Record<string, boolean>> = {
  StatusCode: true,
  Cost: true,
  Images: false,
  AttemptCount: false,
}

const ONES = computedNumbers(() => 1)

export const isNumberColumn = (column: string) => NUMBERS[column] !== undefined

export function createServedColumns(unit: 'attempt' | 'request', rows: NativeRows): ServedColumns {
  const names = unit === 'attempt' ? ATTEMPT_COLUMNS : REQUEST_COLUMNS
  const reads = new Map<string, Read>()
  for (const [key, column] of Object.entries(names))
    if (rows.has(column)) reads.set(key, createRead(rows, column))
  const [start, end] = [rows.numbers('start'), rows.numbers('end')]
  reads.set('duration', (row) => {
    const lengthNs = toNs(end, row) - toNs(start, row)
    return lengthNs > 0n ? Number(lengthNs / 1_000n) / 1_000 : 0
  })
  const numbersOf = (column: string) => (rows.has(column) ? rows.numbers(column) : ONES)
  const texts = new Map<string, TextColumn | undefined>()
  const textsOf = (column: string) => {
    const own = rows.has(column) ? rows.texts(column) : undefined
    texts.set(column, own)
    return own
  }
  return {
    ...{ rows, start, end, weight: numbersOf('Weight'), samples: numbersOf('Samples'), reads },
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

/** Both at once: what one of them lacks is empty. */
export class ServedView implements Attempt, Request {
  readonly traceId = ''
  readonly spanId = ''
  readonly receivedUnixMs = 0
  readonly abandonedAfterMs = 0
  readonly #columns: ServedColumns
  readonly #row: number

  constructor(columns: ServedColumns, row: number) {
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
    return toNs(this.#columns.start, this.#row)
  }

  get endUnixNs(): bigint {
    return toNs(this.#columns.end, this.#row)
  }
}
