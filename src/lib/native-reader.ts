// Reads ClickHouse's `Native` format (revision 0) by columns: a value is made when it is asked for,
// and a word of a dictionary once per block. For queries of our own, so only types that they ask for.

/** One block: columns by name, each with a value per row. */
export interface NativeRows {
  readonly rowCount: number
  /** @throws Error when the query did not ask for it, or it is of another kind */
  numbers(column: string): NumberColumn
  texts(column: string): TextColumn
  maps(column: string): MapValues
  has(column: string): boolean
}

/** UInt8 to UInt32, Int64 and UInt64 (exact up to 2^53), Float64. */
export interface NumberColumn {
  at(row: number): number
  /** Of 64-bit integers only: both halves, the upper one signed. */
  halves(row: number): readonly [low: number, high: number]
}

export interface TextColumn {
  at(row: number): string
}

/** `Map(LowCardinality(String), String)`. */
export interface MapValues {
  get(row: number, key: string): string | undefined
  keys(row: number): readonly string[]
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
    if (this.at > this.bytes.length) throw new Error('the answer is cut off')
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
}

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
    numbers: (name) => find<NumberColumn>(name, 'halves'),
    texts: (name) => find<TextColumn>(name, 'at'),
    maps: (name) => find<MapValues>(name, 'get'),
  }
}

function readColumn(cursor: Cursor, type: string, count: number): Column {
  switch (type) {
    case 'LowCardinality(String)':
      readVersion(cursor)
      return readWords(cursor, count)
    case 'Map(LowCardinality(String), String)':
      readVersion(cursor)
      return readMaps(cursor, count)
    case 'String':
      return readTexts(cursor, count)
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
    case 'Int64':
    case 'UInt64':
    case 'Float64':
      return new Numbers(cursor.view, cursor.take(count * WIDTHS[type]), type)
    default:
      throw new Error(`columns of type ${type} are not read here`)
  }
}

const WIDTHS = { UInt8: 1, UInt16: 2, UInt32: 4, Int64: 8, UInt64: 8, Float64: 8 } as const

class Numbers implements NumberColumn {
  readonly #view: DataView
  readonly #from: number
  readonly #type: keyof typeof WIDTHS

  constructor(view: DataView, from: number, type: keyof typeof WIDTHS) {
    this.#view = view
    this.#from = from
    this.#type = type
  }

  at(row: number): number {
    const view = this.#view
    const from = this.#from
    switch (this.#type) {
      case 'UInt8':
        return view.getUint8(from + row)
      case 'UInt16':
        return view.getUint16(from + row * 2, true)
      case 'UInt32':
        return view.getUint32(from + row * 4, true)
      case 'Float64':
        return view.getFloat64(from + row * 8, true)
      case 'Int64':
        return (
          view.getInt32(from + row * 8 + 4, true) * 0x1_0000_0000 +
          view.getUint32(from + row * 8, true)
        )
      case 'UInt64':
        return (
          view.getUint32(from + row * 8 + 4, true) * 0x1_0000_0000 +
          view.getUint32(from + row * 8, true)
        )
    }
  }

  halves(row: number): [number, number] {
    const at = this.#from + row * 8
    return [this.#view.getUint32(at, true), this.#view.getInt32(at + 4, true)]
  }
}

function readVersion(cursor: Cursor): void {
  const version = cursor.uint64()
  if (version !== 1) throw new Error(`dictionaries of version ${version} are not read here`)
}

class Words implements TextColumn {
  readonly #words: readonly string[]
  readonly #indexes: Uint8Array | Uint16Array | Uint32Array

  constructor(words: readonly string[], indexes: Uint8Array | Uint16Array | Uint32Array) {
    this.#words = words
    this.#indexes = indexes
  }

  at(row: number): string {
    return this.#words[this.#indexes[row] as number] as string
  }
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

class Texts implements TextColumn {
  readonly #bytes: Buffer
  /** Begin and end of each. */
  readonly #places: Uint32Array

  constructor(bytes: Buffer, places: Uint32Array) {
    this.#bytes = bytes
    this.#places = places
  }

  at(row: number): string {
    return this.#bytes.toString('utf8', this.#places[row * 2], this.#places[row * 2 + 1])
  }
}

function readTexts(cursor: Cursor, count: number): Texts {
  const places = new Uint32Array(count * 2)
  for (let row = 0; row < count; row++) {
    const length = cursor.varint()
    places[row * 2] = cursor.take(length)
    places[row * 2 + 1] = cursor.at
  }
  return new Texts(cursor.bytes, places)
}

function readMaps(cursor: Cursor, count: number): MapValues {
  const ends = new Uint32Array(count)
  for (let row = 0; row < count; row++) ends[row] = cursor.uint64()
  const total = ends[count - 1] ?? 0
  const keys = readWords(cursor, total)
  const values = readTexts(cursor, total)
  const startOf = (row: number) => (row === 0 ? 0 : (ends[row - 1] as number))
  return {
    get(row, key) {
      for (let i = startOf(row); i < (ends[row] as number); i++)
        if (keys.at(i) === key) return values.at(i)
      return undefined
    },
    keys(row) {
      const from = startOf(row)
      return Array.from({ length: (ends[row] as number) - from }, (_, i) => keys.at(from + i))
    },
  }
}
