import { formatUnixNs } from '../../src/bench/naive-times.ts'
import type { Row } from '../../src/model/batch.ts'

// Reads `Native` blocks (revision 0) back into rows as JSONEachRow has them, so that what the one-pass
// decoder wrote can be compared with what was meant. Independent of the writer.

export interface NativeBlock {
  readonly columns: ReadonlyMap<string, string>
  readonly rows: readonly Row[]
}

export function readNative(bytes: Buffer): NativeBlock[] {
  const cursor = createCursor(bytes)
  const blocks: NativeBlock[] = []
  while (cursor.at < bytes.length) blocks.push(readBlock(cursor))
  return blocks
}

/** Left out of blocks of spans while nobody uses them. */
export const RARE_COLUMNS = [
  ...['Events.Timestamp', 'Events.Name', 'Events.Attributes'],
  ...['Links.TraceId', 'Links.SpanId', 'Links.TraceState', 'Links.Attributes'],
]

/** With what the database fills in for columns that a block leaves out. */
export function withRare(table: string, rows: readonly Row[]): readonly Row[] {
  if (table !== 'otel_traces') return rows
  const empty = Object.fromEntries(RARE_COLUMNS.map((name) => [name, []]))
  return rows.map((row) => ({ ...empty, ...row }))
}

type Cursor = ReturnType<typeof createCursor>

function createCursor(bytes: Buffer) {
  return {
    bytes,
    at: 0,
    take(count: number): number {
      const from = this.at
      this.at += count
      if (this.at > bytes.length)
        throw new Error(`block ends at ${bytes.length}, wanted ${this.at}`)
      return from
    },
    varint(): number {
      let value = 0
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[this.take(1)]!
        value += (byte & 0x7f) * scale
        if (byte < 0x80) return value
      }
    },
    text(): string {
      const count = this.varint()
      const from = this.take(count)
      return bytes.toString('utf8', from, from + count)
    },
  }
}

function readBlock(cursor: Cursor): NativeBlock {
  const columnCount = cursor.varint()
  const rowCount = cursor.varint()
  const columns = new Map<string, string>()
  const values = new Map<string, unknown[]>()
  for (let i = 0; i < columnCount; i++) {
    const name = cursor.text()
    const type = cursor.text()
    columns.set(name, type)
    if (rowCount === 0) continue
    try {
      readPrefix(cursor, type)
      values.set(name, readValues(cursor, type, rowCount))
    } catch (cause) {
      throw new Error(`column ${name} ${type}: ${cause}`, { cause })
    }
  }
  const rows = Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries([...values].map(([name, own]) => [name, own[row]])),
  )
  return { columns, rows }
}

const inner = (type: string, outer: string) => type.slice(outer.length + 1, -1)

function readPrefix(cursor: Cursor, type: string): void {
  if (type.startsWith('Array(')) readPrefix(cursor, inner(type, 'Array'))
  else if (type.startsWith('Map(') || type.startsWith('LowCardinality(')) {
    const version = u64(cursor)
    if (version !== 1) throw new Error(`dictionary version ${version}`)
  }
}

function u64(cursor: Cursor): number {
  return Number(cursor.bytes.readBigUInt64LE(cursor.take(8)))
}

function readValues(cursor: Cursor, type: string, count: number): unknown[] {
  const { bytes } = cursor
  const each = <T>(read: () => T) => Array.from({ length: count }, read)
  if (type.startsWith('Array(')) {
    const offsets = readOffsets(cursor, count)
    const items = readValues(cursor, inner(type, 'Array'), offsets.at(-1) ?? 0)
    return offsets.map((end, row) => items.slice(offsets[row - 1] ?? 0, end))
  }
  if (type === 'Map(LowCardinality(String), String)') {
    const offsets = readOffsets(cursor, count)
    const total = offsets.at(-1) ?? 0
    const keys = readValues(cursor, 'LowCardinality(String)', total) as string[]
    const values = readValues(cursor, 'String', total) as string[]
    return offsets.map((end, row) => {
      const record: Record<string, string> = Object.create(null)
      for (let i = offsets[row - 1] ?? 0; i < end; i++) {
        if (keys[i]! in record) throw new Error(`key ${keys[i]} twice in one map`)
        record[keys[i]!] = values[i]!
      }
      return record
    })
  }
  switch (type) {
    case 'LowCardinality(String)':
      return readWords(cursor, count)
    case 'String':
      return each(() => cursor.text())
    case 'Int8':
      return each(() => bytes.readInt8(cursor.take(1)))
    case 'UInt8':
      return each(() => bytes[cursor.take(1)]!)
    case 'Bool':
      return each(() => bytes[cursor.take(1)] === 1)
    case 'UInt16':
      return each(() => bytes.readUInt16LE(cursor.take(2)))
    case 'UInt32':
      return each(() => bytes.readUInt32LE(cursor.take(4)))
    case 'Int32':
      return each(() => bytes.readInt32LE(cursor.take(4)))
    case 'UInt64':
      return each(() => bytes.readBigUInt64LE(cursor.take(8)).toString())
    case 'Float64':
      return each(() => toFloat(bytes.readDoubleLE(cursor.take(8))))
    case 'DateTime':
      return each(() => String(bytes.readUInt32LE(cursor.take(4))).padStart(10, '0'))
    case 'DateTime64(3)':
      return each(() =>
        formatUnixNs(bytes.readBigInt64LE(cursor.take(8)) * 1_000_000n).slice(0, -6),
      )
    case 'DateTime64(9)':
      return each(() => formatUnixNs(bytes.readBigInt64LE(cursor.take(8))))
    default:
      throw new Error(`type ${type}`)
  }
}

function readOffsets(cursor: Cursor, count: number): number[] {
  return Array.from({ length: count }, () => u64(cursor))
}

function readWords(cursor: Cursor, count: number): string[] {
  if (count === 0) return []
  const flags = u64(cursor)
  const keys = Array.from({ length: u64(cursor) }, () => cursor.text())
  const indexCount = u64(cursor)
  if (indexCount !== count) throw new Error(`${indexCount} indexes for ${count} values`)
  const width = [1, 2, 4][flags & 0xff]!
  return Array.from({ length: count }, () => {
    const index = cursor.bytes.readUIntLE(cursor.take(width), width)
    const key = keys[index]
    if (key === undefined) throw new Error(`index ${index} of ${keys.length} words`)
    return key
  })
}

function toFloat(value: number): number | string {
  if (Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'nan'
  return value > 0 ? 'inf' : '-inf'
}
