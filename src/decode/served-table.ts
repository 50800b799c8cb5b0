import type { Interner } from '../lib/interner.ts'
import { createPlainColumn, type NativeColumn, type PlainColumn } from '../lib/native-column.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn, type WordColumn } from '../lib/native-words.ts'
import type { Served } from '../model/attempt.ts'
import type { QualityVerdict, StoredAttempt, StoredRequest } from '../model/stored.ts'
import { pushHalves } from './column-writes.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'
import { nsToHalves } from './times.ts'

// `signalbox_attempts`, `signalbox_requests` and `signalbox_quality`: what reports are computed from.

/** What the two tables have in common. */
type Stored = Omit<Served, 'outcome'> &
  Pick<StoredAttempt, 'revision' | 'isUnseen' | 'sampleCount'> & { readonly outcome: string }

export interface ServedTable<T> {
  readonly table: NativeTable
  push(row: T): void
}

export interface ServedTableOptions {
  readonly interner: Interner
  readonly seenAt: SeenAt
}

export function createAttemptTable(options: ServedTableOptions): ServedTable<StoredAttempt> {
  return createServedTable<StoredAttempt>('signalbox_attempts', options, {
    words: { Target: ({ target }) => target, Role: ({ role }) => role },
    numbers: {},
  })
}

export function createRequestTable(options: ServedTableOptions): ServedTable<StoredRequest> {
  return createServedTable<StoredRequest>('signalbox_requests', options, {
    words: {
      FinalTarget: ({ finalTarget }) => finalTarget,
      FinalRole: ({ finalRole }) => finalRole,
      Form: ({ form }) => form,
    },
    numbers: {
      AttemptCount: ['UInt16', ({ attemptCount }) => Math.min(0xffff, attemptCount)],
      AbandonedAfterMs: ['Float64', ({ abandonedAfterMs }) => abandonedAfterMs],
    },
  })
}

type Width = 'UInt16' | 'UInt32' | 'UInt64' | 'Float64'

/** Columns by name, and what stands in them. */
interface Shape<T> {
  readonly words: Readonly<Record<string, (served: T) => string>>
  readonly numbers: Readonly<Record<string, readonly [Width, (served: T) => number]>>
}

const SERVED: Shape<Stored> & { readonly texts: Shape<Stored>['words'] } = {
  texts: {
    TraceId: ({ traceId }) => traceId,
    SpanId: ({ spanId }) => spanId,
    RequestId: ({ requestId }) => requestId,
    Session: ({ session }) => session,
  },
  words: {
    Route: ({ route }) => route,
    Router: ({ router }) => router,
    Outcome: ({ outcome }) => outcome,
    ErrorType: ({ errorType }) => errorType,
    Generation: ({ generation }) => generation,
    Model: ({ model }) => model,
    Region: ({ region }) => region,
    Tenant: ({ tenant }) => tenant,
    Tier: ({ tier }) => tier,
    Class: (served) => served.class,
    Variant: ({ variant }) => variant,
  },
  numbers: {
    StatusCode: ['UInt16', ({ statusCode }) => statusCode],
    Images: ['UInt32', ({ images }) => images],
    Cost: ['Float64', ({ cost }) => cost],
    Weight: ['Float64', ({ weight }) => weight],
    Revision: ['UInt64', ({ revision }) => revision],
    Samples: ['UInt32', ({ sampleCount }) => sampleCount ?? 1],
  },
}

function createServedTable<T extends Stored>(
  name: string,
  { interner, seenAt: now }: ServedTableOptions,
  own: Shape<T>,
): ServedTable<T> {
  const start = createPlainColumn('Timestamp', 'DateTime64(9)')
  const end = createPlainColumn('EndTime', 'DateTime64(9)')
  const received = createPlainColumn('ReceivedAt', 'DateTime64(3)')
  const seenAt = createSeenAtColumn(now)
  const columns: NativeColumn[] = [start, end, received, seenAt.column]
  const writes: ((served: T) => void)[] = []
  const add = <C extends NativeColumn>(column: C, write: (column: C, served: T) => void) => {
    columns.push(column)
    writes.push((served) => write(column, served))
  }
  for (const [column, read] of Object.entries(SERVED.texts))
    add(createPlainColumn(column, 'String'), ({ data }, served) => data.text(read(served)))
  for (const [column, read] of [...Object.entries(SERVED.words), ...Object.entries(own.words)])
    add<WordColumn>(createWordColumn(column, interner), (to, served) => to.pushText(read(served)))
  const numbers = [...Object.entries(SERVED.numbers), ...Object.entries(own.numbers)]
  for (const [column, [width, read]] of numbers)
    add(createPlainColumn(column, width), (to, served) => pushNumber(to, width, read(served)))
  const table = createNativeTable(name, columns)
  return {
    table,
    push(served) {
      pushHalves(start, nsToHalves(served.startUnixNs))
      pushHalves(end, nsToHalves(served.endUnixNs))
      received.data.uint64(Math.max(0, Math.floor(served.receivedUnixMs)))
      if (served.isUnseen) seenAt.pushUnseen()
      else seenAt.push(1)
      for (const write of writes) write(served)
      table.rowCount++
    },
  }
}

export function createQualityTable(interner: Interner): ServedTable<QualityVerdict> {
  const time = createPlainColumn('Timestamp', 'DateTime64(9)')
  const received = createPlainColumn('ReceivedAt', 'DateTime64(3)')
  const [traceId, requestId] = [text('TraceId'), text('RequestId')]
  const name = createWordColumn('Name', interner)
  const route = createWordColumn('Route', interner)
  const target = createWordColumn('Target', interner)
  const value = createPlainColumn('Value', 'Float64')
  const flagged = createPlainColumn('Flagged', 'Int8')
  const columns = [time, received, traceId, requestId, name, route, target, value, flagged]
  const table = createNativeTable('signalbox_quality', columns)
  return {
    table,
    push(verdict) {
      pushHalves(time, nsToHalves(verdict.unixNs))
      received.data.uint64(Math.max(0, Math.floor(verdict.receivedUnixMs)))
      traceId.data.text(verdict.traceId)
      requestId.data.text(verdict.requestId)
      name.pushText(verdict.name)
      route.pushText(verdict.route)
      target.pushText(verdict.target)
      pushNumber(value, 'Float64', verdict.value)
      flagged.data.byte(verdict.isFlagged === undefined ? 0xff : Number(verdict.isFlagged))
      table.rowCount++
    },
  }
}

const text = (name: string) => createPlainColumn(name, 'String')

function pushNumber({ data }: PlainColumn, width: Width, value: number): void {
  data.reserve(8)
  const at = data.length
  switch (width) {
    case 'UInt16':
      data.length = data.bytes.writeUInt16LE(value, at)
      return
    case 'UInt32':
      data.length = data.bytes.writeUInt32LE(value, at)
      return
    case 'UInt64':
      data.uint64(value)
      return
    case 'Float64':
      data.length = data.bytes.writeDoubleLE(value, at)
  }
}
