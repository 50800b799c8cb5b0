import { createGrowingBytes, type GrowingBytes } from './growing-bytes.ts'
import { createGrowingIntegers, type GrowingIntegers } from './growing-integers.ts'
import type { Interner } from './interner.ts'
import type { NativeColumn } from './native-column.ts'
import { endOf, isAnything, OFFSET_BYTES, writeOffsets } from './native-offsets.ts'
import { createWordColumn, type WordColumn } from './native-words.ts'

/**
 * `Map(LowCardinality(String), String)`. The hot path writes keys (indexes), values and the offset
 * of each row itself.
 */
export interface MapColumn extends NativeColumn {
  readonly keys: WordColumn
  /** Each with its length before it. */
  readonly values: GrowingBytes
  /** Where each row's pairs end. */
  readonly offsets: GrowingIntegers
  /** One row with no pairs. */
  pushEmpty(): void
  /** The same prepared map on `times` rows. */
  pushPrepared(map: PreparedMap, times: number): void
}

/** A map that many rows have, ready to be copied. */
export interface PreparedMap {
  readonly keys: readonly string[]
  readonly values: Uint8Array
  /** Kept by the column that it was last pushed to: the keys' indexes, good while its dictionary is. */
  readonly indexes: Uint32Array
  owner: WordColumn | undefined
  serial: number
}

/** @param texts keys in the order that they are to have */
export function prepareMap(texts: Readonly<Record<string, string>>): PreparedMap {
  const values = createGrowingBytes(64)
  const keys = Object.keys(texts)
  for (const key of keys) values.text(texts[key] ?? '')
  return {
    keys,
    values: Uint8Array.from(values.bytes.subarray(0, values.length)),
    indexes: new Uint32Array(keys.length),
    owner: undefined,
    serial: 0,
  }
}

export function createMapColumn(name: string, interner: Interner): MapColumn {
  return new Maps(name, interner)
}

class Maps implements MapColumn {
  readonly type = 'Map(LowCardinality(String), String)'
  readonly name: string
  readonly keys: WordColumn
  readonly values = createGrowingBytes()
  readonly offsets = createGrowingIntegers()
  #markedRows = 0
  #markedBytes = 0

  constructor(name: string, interner: Interner) {
    this.name = name
    this.keys = createWordColumn(name, interner)
  }

  pushEmpty(): void {
    this.offsets.push(endOf(this.offsets))
  }

  pushPrepared(map: PreparedMap, times: number): void {
    const { keys, values, offsets } = this
    if (map.owner !== keys || map.serial !== keys.serial) index(map, keys)
    repeatIndexes(keys.indexes, map.indexes, times)
    const from = values.length
    values.copy(map.values, 0, map.values.length)
    values.repeat(from, times)
    let end = endOf(offsets)
    offsets.reserve(times)
    for (let i = 0; i < times; i++) offsets.values[offsets.length++] = end += map.keys.length
  }

  writePrefix(out: GrowingBytes): void {
    this.keys.writePrefix(out)
  }

  writeData(out: GrowingBytes): void {
    writeOffsets(out, this.offsets)
    if (!isAnything(this.offsets)) return
    this.keys.writeData(out)
    out.copy(this.values.bytes, 0, this.values.length)
  }

  get byteCount(): number {
    return this.offsets.length * OFFSET_BYTES + this.keys.byteCount + this.values.length
  }

  mark(): void {
    this.#markedRows = this.offsets.length
    this.#markedBytes = this.values.length
    this.keys.mark()
  }

  rollback(): void {
    this.offsets.length = this.#markedRows
    this.values.length = this.#markedBytes
    this.keys.rollback()
  }

  clear(): void {
    this.offsets.length = 0
    this.values.length = 0
    this.keys.clear()
  }
}

function index(map: PreparedMap, keys: WordColumn): void {
  for (const [at, key] of map.keys.entries()) map.indexes[at] = keys.indexOfText(key)
  map.owner = keys
  map.serial = keys.serial
}

function repeatIndexes(into: GrowingIntegers, pattern: Uint32Array, times: number): void {
  const count = pattern.length
  into.reserve(count * times)
  const { values } = into
  let at = into.length
  for (let row = 0; row < times; row++)
    for (let i = 0; i < count; i++) values[at++] = pattern[i] as number
  into.length = at
}
