import { createGrowingBytes, type GrowingBytes } from './growing-bytes.ts'
import { createGrowingIntegers, type GrowingIntegers } from './growing-integers.ts'
import { isAnything, OFFSET_BYTES, writeOffsets } from './native-offsets.ts'

// Columns in ClickHouse's `Native` format, revision 0: what a part of a column's data looks like
// there, per type. Rows are appended column by column, and taken back to the last mark when the
// request that they come from turns out to be bad.

export interface NativeColumn {
  readonly name: string
  /** As ClickHouse writes it. */
  readonly type: string
  /** What stands before the data of all rows: versions of nested dictionaries. */
  writePrefix(out: GrowingBytes): void
  writeData(out: GrowingBytes): void
  /** About what `writeData` will take. */
  readonly byteCount: number
  /** Remembers where it stands. */
  mark(): void
  /** Takes back what was appended since the mark. */
  rollback(): void
  clear(): void
}

/** Values that stand one after the other, as they are: numbers of fixed width, and texts. */
export interface PlainColumn extends NativeColumn {
  readonly data: GrowingBytes
}

/** Zero or more values per row. Several may share their offsets, as `Nested` columns do. */
export interface ArrayColumn<C extends NativeColumn> extends NativeColumn {
  readonly inner: C
  readonly offsets: GrowingIntegers
}

export function createPlainColumn(name: string, type: string): PlainColumn {
  return new Plain(name, type)
}

// Classes, so that engines see one shape wherever a column is used.
class Plain implements PlainColumn {
  readonly name: string
  readonly type: string
  readonly data = createGrowingBytes()
  #marked = 0

  constructor(name: string, type: string) {
    this.name = name
    this.type = type
  }

  writePrefix(): void {}

  writeData(out: GrowingBytes): void {
    out.copy(this.data.bytes, 0, this.data.length)
  }

  get byteCount(): number {
    return this.data.length
  }

  mark(): void {
    this.#marked = this.data.length
  }

  rollback(): void {
    this.data.length = this.#marked
  }

  clear(): void {
    this.data.length = 0
  }
}

/** @param offsets where each row's values end, counted in values; to be pushed once per row */
export function createArrayColumn<C extends NativeColumn>(
  inner: C,
  offsets: GrowingIntegers = createGrowingIntegers(),
): ArrayColumn<C> {
  return new Arrays(inner, offsets)
}

class Arrays<C extends NativeColumn> implements ArrayColumn<C> {
  readonly name: string
  readonly type: string
  readonly inner: C
  readonly offsets: GrowingIntegers
  #marked = 0

  constructor(inner: C, offsets: GrowingIntegers) {
    this.name = inner.name
    this.type = `Array(${inner.type})`
    this.inner = inner
    this.offsets = offsets
  }

  writePrefix(out: GrowingBytes): void {
    this.inner.writePrefix(out)
  }

  writeData(out: GrowingBytes): void {
    writeOffsets(out, this.offsets)
    if (isAnything(this.offsets)) this.inner.writeData(out)
  }

  get byteCount(): number {
    return this.offsets.length * OFFSET_BYTES + this.inner.byteCount
  }

  mark(): void {
    this.#marked = this.offsets.length
    this.inner.mark()
  }

  rollback(): void {
    this.offsets.length = this.#marked
    this.inner.rollback()
  }

  clear(): void {
    this.offsets.length = 0
    this.inner.clear()
  }
}
