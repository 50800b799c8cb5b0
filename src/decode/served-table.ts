import type { Interner } from '../lib/interner.ts'
import { createPlainColumn, type NativeColumn, type PlainColumn } from '../lib/native-column.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn, type WordColumn } from '../lib/native-words.ts'
import type { Attempt, Request, Served } from '../model/attempt.ts'
import { pushHalves } from './column-writes.ts'
import { nsToHalves } from './times.ts'

// `signalbox_attempts` and `signalbox_requests`: what reports are computed from.

export interface ServedTable<T extends Served> {
  readonly table: NativeTable
  push(served: T): void
}

export function createAttemptTable(interner: Interner): ServedTable<Attempt> {
  return createServedTable<Attempt>('signalbox_attempts', interner, {
    words: { Target: ({ target }) => target, Role: ({ role }) => role },
    numbers: {},
  })
}

export function createRequestTable(interner: Interner): ServedTable<Request> {
  return createServedTable<Request>('signalbox_requests', interner, {
    words: {
      FinalTarget: ({ finalTarget }) => finalTarget,
      FinalRole: ({ finalRole }) => finalRole,
    },
    numbers: {
      AttemptCount: ['UInt16', ({ attemptCount }) => Math.min(0xffff, attemptCount)],
      AbandonedAfterMs: ['Float64', ({ abandonedAfterMs }) => abandonedAfterMs],
    },
  })
}

type Width = 'UInt16' | 'UInt32' | 'Float64'

/** Columns by name, and what stands in them. */
interface Shape<T> {
  readonly words: Readonly<Record<string, (served: T) => string>>
  readonly numbers: Readonly<Record<string, readonly [Width, (served: T) => number]>>
}

const SERVED: Shape<Served> & { readonly texts: Shape<Served>['words'] } = {
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
  },
}

function createServedTable<T extends Served>(
  name: string,
  interner: Interner,
  own: Shape<T>,
): ServedTable<T> {
  const start = createPlainColumn('Timestamp', 'DateTime64(9)')
  const end = createPlainColumn('EndTime', 'DateTime64(9)')
  const received = createPlainColumn('ReceivedAt', 'DateTime64(3)')
  const columns: NativeColumn[] = [start, end, received]
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
      for (const write of writes) write(served)
      table.rowCount++
    },
  }
}

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
    case 'Float64':
      data.length = data.bytes.writeDoubleLE(value, at)
  }
}
