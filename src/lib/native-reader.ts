import { createNumbers, NUMBER_WIDTHS, type NumberColumn } from './native-numbers.ts'
import { Maps, type MapValues, type TextColumn, Texts, Words } from './native-values.ts'

// Reads ClickHouse's `Native` format (revision 0) by columns. For queries of our own, so only types
// that they ask for.

/** One block: columns by name, each with a value per row. */
export interface NativeRows {
  readonly rowCount: number
  /** @throws Error when the query did not ask for it, or it is of another kind */
  numbers(column: string): NumberColumn
  texts(column: string): TextColumn
  maps(column: string): MapValues
  has(column: string): boolean
}

type Column = NumberColumn | TextColumn | MapValues

/** All blocks of an answer. @throws Error when it is cut off or of a type that is not read here */
export function readNative(bytes: Buffer): NativeRows[] {
  const cursor = new Cursor(bytes)
  const blocks: NativeRows[] = []
  while (cursor.at < bytes.length) blocks.push(readBlock(cursor))
  return blocks
}

class Cursor {
  readonly bytes: Buffer
  readonly view: DataView
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  take(count: number): number {
    const from = this.at
    this.at += count
    if (this.at > this.bytes.length) throw new Error(CUT_OFF)
    return from
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.take(1)] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  text(): string {
    const count = this.varint()
    const from = this.take(count)
    return this.bytes.toString('utf8', from, from + count)
  }

  uint64(): number {
    const at = this.take(8)
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 0x1_0000_0000
  }

  part(byteCount: number): DataView {
    const from = this.take(byteCount)
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + from, byteCount)
  }
}

const CUT_OFF = 'the answer is cut off'

function readBlock(cursor: Cursor): NativeRows {
  const columnCount = cursor.varint()
  const rowCount = cursor.varint()
  const columns = new Map<string, Column>()
  for (let i = 0; i < columnCount; i++) {
    const name = cursor.text()
    const type = cursor.text()
    if (rowCount > 0) columns.set(name, readColumn(cursor, type, rowCount))
  }
  const find = <C extends Column>(name: string, method: keyof C): C => {
    const column = columns.get(name)
    if (column === undefined || !(method in column)) throw new Error(`no such column: ${name}`)
    return column as C
  }
  return {
    rowCount,
    has: (name) => columns.has(name),
    numbers: (name) => find<NumberColumn>(name, 'low'),
    texts: (name) => find<TextColumn>(name, 'isEmpty'),
    maps: (name) => find<MapValues>(name, 'entries'),
  }
}

function readColumn(cursor: Cursor, type: string, count: number): Column {
  switch (type) {
    case 'LowCardinality(String)':
      readVersion(cursor)
      return readWords(cursor, count)
    case 'Map(LowCardinality(String), String)':
      readVersion(cursor)
      return readMaps(cursor, count, (total) => readTexts(cursor, total))
    case 'Map(LowCardinality(String), LowCardinality(String))':
      readVersion(cursor)
      readVersion(cursor)
      return readMaps(cursor, count, (total) => readWords(cursor, total))
    case 'String':
      return readTexts(cursor, count)
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
    case 'Int64':
    case 'UInt64':
    case 'Float64':
      return createNumbers(cursor.part(count * NUMBER_WIDTHS[type]), type)
    default:
      throw new Error(`columns of type ${type} are not read here`)
  }
}

function readVersion(cursor: Cursor): void {
  const version = cursor.uint64()
  if (version !== 1) throw new Error(`dictionaries of version ${version} are not read here`)
}

const NO_WORDS = new Words([], new Uint8Array(0))

function readWords(cursor: Cursor, count: number): Words {
  if (count === 0) return NO_WORDS
  const width = [1, 2, 4][cursor.uint64() & 0xff]
  if (width === undefined) throw new Error('dictionaries of 2^32 words are not read here')
  const words = Array.from({ length: cursor.uint64() }, () => cursor.text())
  if (cursor.uint64() !== count) throw new Error('a dictionary of another number of rows')
  const from = cursor.take(count * width)
  // A copy: typed arrays begin at multiples of their width.
  const own = Uint8Array.prototype.slice.call(cursor.bytes, from, from + count * width)
  if (width === 1) return new Words(words, own)
  if (width === 2) return new Words(words, new Uint16Array(own.buffer))
  return new Words(words, new Uint32Array(own.buffer))
}

/** Walks over the texts, most of which nobody asks for. */
function readTexts(cursor: Cursor, count: number): Texts {
  const { bytes } = cursor
  const places = new Uint32Array(count * 2)
  for (let row = 0; row < count; row++) {
    let length = bytes[cursor.at] as number
    if (length < 0x80) cursor.at++
    else length = cursor.varint()
    places[row * 2] = cursor.at
    cursor.at += length
    places[row * 2 + 1] = cursor.at
  }
  if (!(cursor.at <= bytes.length)) throw new Error(CUT_OFF)
  return new Texts(bytes, places)
}

function readMaps(
  cursor: Cursor,
  count: number,
  readValues: (total: number) => TextColumn,
): MapValues {
  const ends = new Uint32Array(count)
  for (let row = 0; row < count; row++) ends[row] = cursor.uint64()
  const total = ends[count - 1] ?? 0
  const keys = readWords(cursor, total)
  return new Maps({ keys, values: readValues(total), ends })
}
