import type { Interner } from '../lib/interner.ts'
import { createPlainColumn, type NativeColumn, type PlainColumn } from '../lib/native-column.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn, type WordColumn } from '../lib/native-words.ts'
import type { Served } from '../model/attempt.ts'
import type { QualityVerdict, StoredAttempt, StoredRequest } from '../model/stored.ts'
import { pushNs } from './column-writes.ts'
import { pushDouble, pushUint16, pushUint32 } from './number-writes.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'

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
  const shared = createSharedColumns(options)
  const { word, plain, all } = shared
  const [target, role] = [word('Target'), word('Role')]
  const numbers = createNumbers(plain)
  const table = createNativeTable('signalbox_attempts', all)
  return {
    table,
    push(row) {
      shared.push(row)
      target.pushText(row.target)
      role.pushText(row.role)
      numbers.push(row)
      table.rowCount++
    },
  }
}

export function createRequestTable(options: ServedTableOptions): ServedTable<StoredRequest> {
  const shared = createSharedColumns(options)
  const { word, plain, all } = shared
  const [finalTarget, finalRole, form] = [word('FinalTarget'), word('FinalRole'), word('Form')]
  const numbers = createNumbers(plain)
  const attemptCount = plain('AttemptCount', 'UInt16')
  const abandonedAfterMs = plain('AbandonedAfterMs', 'Float64')
  const table = createNativeTable('signalbox_requests', all)
  return {
    table,
    push(row) {
      shared.push(row)
      finalTarget.pushText(row.finalTarget)
      finalRole.pushText(row.finalRole)
      form.pushText(row.form)
      numbers.push(row)
      pushUint16(attemptCount.data, Math.min(0xffff, row.attemptCount))
      pushDouble(abandonedAfterMs.data, row.abandonedAfterMs)
      table.rowCount++
    },
  }
}

/** What both tables begin with; each adds its own to `all` before the table is made. */
function createSharedColumns({ interner, seenAt: now }: ServedTableOptions) {
  const all: NativeColumn[] = []
  const plain = (name: string, type: string) => added(all, createPlainColumn(name, type))
  const word = (name: string) => added(all, createWordColumn(name, interner))
  const text = (name: string) => plain(name, 'String')
  const times = createTimeColumns(plain)
  const seenAt = createSeenAtColumn(now)
  all.push(seenAt.column)
  const [traceId, spanId] = [text('TraceId'), text('SpanId')]
  const [requestId, session] = [text('RequestId'), text('Session')]
  const words = createWords(word)
  return {
    ...{ all, plain, word },
    // One after the other, by name: there are thousands a second.
    push(row: Stored) {
      times.push(row)
      if (row.isUnseen) seenAt.pushUnseen()
      else seenAt.push(1)
      traceId.data.text(row.traceId)
      spanId.data.text(row.spanId)
      requestId.data.text(row.requestId)
      session.data.text(row.session)
      words.push(row)
    },
  }
}

function added<C extends NativeColumn>(all: NativeColumn[], column: C): C {
  all.push(column)
  return column
}

type NewPlain = (name: string, type: string) => PlainColumn

function createTimeColumns(plain: NewPlain) {
  const start = plain('Timestamp', 'DateTime64(9)')
  const end = plain('EndTime', 'DateTime64(9)')
  const received = plain('ReceivedAt', 'DateTime64(3)')
  return {
    push(row: Stored) {
      pushNs(start, row.startUnixNs)
      pushNs(end, row.endUnixNs)
      received.data.uint64(Math.max(0, Math.floor(row.receivedUnixMs)))
    },
  }
}

function createWords(word: (name: string) => WordColumn) {
  const [route, router, outcome] = [word('Route'), word('Router'), word('Outcome')]
  const [errorType, generation] = [word('ErrorType'), word('Generation')]
  const [model, region, tenant] = [word('Model'), word('Region'), word('Tenant')]
  const [tier, ownClass, variant] = [word('Tier'), word('Class'), word('Variant')]
  return {
    push(row: Stored) {
      route.pushText(row.route)
      router.pushText(row.router)
      outcome.pushText(row.outcome)
      errorType.pushText(row.errorType)
      generation.pushText(row.generation)
      model.pushText(row.model)
      region.pushText(row.region)
      tenant.pushText(row.tenant)
      tier.pushText(row.tier)
      ownClass.pushText(row.class)
      variant.pushText(row.variant)
    },
  }
}

/** What both have behind their words. */
function createNumbers(plain: NewPlain) {
  const [statusCode, images] = [plain('StatusCode', 'UInt16'), plain('Images', 'UInt32')]
  const [cost, weight] = [plain('Cost', 'Float64'), plain('Weight', 'Float64')]
  const [revision, samples] = [plain('Revision', 'UInt64'), plain('Samples', 'UInt32')]
  return {
    push(row: Stored) {
      pushUint16(statusCode.data, row.statusCode)
      pushUint32(images.data, row.images)
      pushDouble(cost.data, row.cost)
      pushDouble(weight.data, row.weight)
      revision.data.uint64(row.revision)
      pushUint32(samples.data, row.sampleCount ?? 1)
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
      pushNs(time, verdict.unixNs)
      received.data.uint64(Math.max(0, Math.floor(verdict.receivedUnixMs)))
      traceId.data.text(verdict.traceId)
      requestId.data.text(verdict.requestId)
      name.pushText(verdict.name)
      route.pushText(verdict.route)
      target.pushText(verdict.target)
      pushDouble(value.data, verdict.value)
      flagged.data.byte(verdict.isFlagged === undefined ? 0xff : Number(verdict.isFlagged))
      table.rowCount++
    },
  }
}

const text = (name: string) => createPlainColumn(name, 'String')
