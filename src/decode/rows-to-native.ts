import type { DecodedBatch, Row } from '../model/batch.ts'
import type { Block } from '../model/block.ts'
import type { OtlpRequest, TakenRequest } from '../model/otlp.ts'
import { COLUMN_TYPES } from './native-types.ts'

// A bridge from row objects to ClickHouse `Native` blocks (revision 0), until the decoder writes
// columns itself: rows wait as objects, and become one block per table when the log takes them.

/** Rows of one request, as the log takes them. */
export interface EnteredRows {
  readonly byteCount: number
  readonly rowCount: number
  readonly taken?: TakenRequest
  discard(): void
}

export interface OpenRows {
  /** Adds the rows of a request behind those that wait. */
  enter(request: OtlpRequest, batch: DecodedBatch): EnteredRows
  /** All rows entered since it was called last. */
  seal(): readonly Block[]
}

/** What a row takes in the log, about: good enough to bound it. */
const ROW_BYTES = 500

export function createOpenRows(): OpenRows {
  let open = new Map<string, Row[]>()
  return {
    enter({ onceKey, receivedUnixMs }, { rows, itemCount, rejectedCount }) {
      let rowCount = 0
      for (const [table, added] of rows) {
        const known = open.get(table) ?? []
        open.set(table, known)
        for (const row of added) known.push(row)
        rowCount += added.length
      }
      return {
        rowCount,
        byteCount: rowCount * ROW_BYTES,
        ...(onceKey && { taken: { onceKey, receivedUnixMs, itemCount, rejectedCount } }),
        discard() {
          for (const [table, added] of rows) open.get(table)?.splice(-added.length, added.length)
        },
      }
    },
    seal() {
      const sealed = [...open].filter(([, rows]) => rows.length > 0)
      open = new Map()
      return sealed.map(([table, rows]) => toBlock(table, rows))
    },
  }
}

/** Columns in the order of the schema; what a row leaves out is empty or zero. */
function toBlock(table: string, rows: readonly Row[]): Block {
  const types = COLUMN_TYPES[table]
  if (types === undefined) throw new Error(`no column types of table ${table}`)
  const sink = createSink()
  const columns = Object.keys(types)
  sink.varint(columns.length)
  sink.varint(rows.length)
  for (const [column, type] of Object.entries(types)) {
    sink.text(column)
    sink.text(type)
    writeColumn(sink, { type, values: rows.map((row) => row[column]) })
  }
  const bytes = sink.bytes()
  return { table, columns, rowCount: rows.length, byteCount: bytes.length, chunks: [bytes] }
}

interface Column {
  readonly type: string
  readonly values: readonly unknown[]
}

function writeColumn(sink: Sink, { type, values }: Column): void {
  const inner = /^Array\((.*)\)$/.exec(type)?.[1]
  if (inner !== undefined) {
    const lists = values.map((value) => (value ?? []) as readonly unknown[])
    writeOffsets(sink, lists)
    writeColumn(sink, { type: inner, values: lists.flat() })
  } else if (type === 'Map(String, String)') {
    const lists = values.map((value) => Object.entries((value ?? {}) as Record<string, string>))
    writeOffsets(sink, lists)
    const entries = lists.flat()
    for (const [key] of entries) sink.text(key)
    for (const [, value] of entries) sink.text(String(value))
  } else if (type === 'String') for (const value of values) sink.text(String(value ?? ''))
  else for (const value of values) writeNumber(sink, type, value ?? 0)
}

function writeOffsets(sink: Sink, lists: readonly { readonly length: number }[]): void {
  let end = 0
  for (const { length } of lists) {
    end += length
    sink.uint(8, BigInt(end))
  }
}

const FLOATS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
}
const BYTES: Readonly<Record<string, number>> = {
  ...{ Bool: 1, UInt8: 1, UInt16: 2, UInt32: 4, Int32: 4, DateTime: 4 },
  ...{ UInt64: 8, 'DateTime64(3)': 8, 'DateTime64(9)': 8 },
}

/** Times are decimal seconds with as many digits as their type has: ticks without the point. */
function writeNumber(sink: Sink, type: string, value: unknown): void {
  if (type === 'Float64') sink.float(FLOATS[String(value)] ?? Number(value))
  else
    sink.uint(
      BYTES[type] ?? 8,
      BigInt(typeof value === 'string' ? digitsOf(value) : Math.trunc(Number(value))),
    )
}

const digitsOf = (text: string) => text.replace('.', '')

type Sink = ReturnType<typeof createSink>

function createSink() {
  let buffer = Buffer.allocUnsafe(1 << 16)
  let at = 0
  const room = (byteCount: number) => {
    if (at + byteCount <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + byteCount))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }
  const varint = (value: number) => {
    room(10)
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 0x80
    buffer[at++] = rest
  }
  return {
    varint,
    text(text: string) {
      const byteCount = Buffer.byteLength(text)
      varint(byteCount)
      room(byteCount)
      at += buffer.write(text, at)
    },
    /** Little-endian, negative ones in two's complement. */
    uint(byteCount: number, value: bigint) {
      room(8)
      buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at)
      at += byteCount
    },
    float(value: number) {
      room(8)
      at = buffer.writeDoubleLE(value, at)
    },
    bytes: () => buffer.subarray(0, at),
  }
}
