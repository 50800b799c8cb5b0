// Columns of ClickHouse's `Native` format as they lie in an answer: a value is made when it is asked
// for, and a word of a dictionary once per block.

export interface TextColumn {
  at(row: number): string
  /** Without making the text. */
  isEmpty(row: number): boolean
  /** Rows by the number of their word; undefined for a column without a dictionary. */
  readonly codes: Codes | undefined
}

/** Rows with the same number have the same value; so have, mostly, no others. */
export interface Codes {
  readonly of: Uint8Array | Uint16Array | Uint32Array
  /** All are below it. */
  readonly count: number
}

/** `Map(LowCardinality(String), String)`, or with a dictionary of values as well. */
export interface MapValues {
  get(row: number, key: string): string | undefined
  keys(row: number): readonly string[]
  /** Key by key, row after row. */
  readonly entries: MapEntries
}

export interface MapEntries {
  readonly keys: TextColumn
  readonly values: TextColumn
  /** Where each row's entries end; they begin where those of the row before end. */
  readonly ends: Uint32Array
}

export class Words implements TextColumn {
  readonly codes: Codes
  readonly #words: readonly string[]

  constructor(words: readonly string[], indexes: Codes['of']) {
    this.#words = words
    this.codes = { of: indexes, count: words.length }
  }

  at(row: number): string {
    return this.#words[this.codes.of[row] as number] as string
  }

  isEmpty(row: number): boolean {
    return this.at(row) === ''
  }
}

export class Texts implements TextColumn {
  readonly codes = undefined
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

  isEmpty(row: number): boolean {
    return this.#places[row * 2] === this.#places[row * 2 + 1]
  }
}

export class Maps implements MapValues {
  readonly entries: MapEntries

  constructor(entries: MapEntries) {
    this.entries = entries
  }

  get(row: number, key: string): string | undefined {
    const { keys, values, ends } = this.entries
    for (let i = this.#startOf(row); i < (ends[row] as number); i++)
      if (keys.at(i) === key) return values.at(i)
    return undefined
  }

  keys(row: number): readonly string[] {
    const from = this.#startOf(row)
    const length = (this.entries.ends[row] as number) - from
    return Array.from({ length }, (_, i) => this.entries.keys.at(from + i))
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.entries.ends[row - 1] as number)
  }
}
