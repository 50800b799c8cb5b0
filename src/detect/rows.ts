const ROWS_MIN = 16

/** Items of a batch that belong together: their rows in its columns, in the order in which they came. */
export class Rows {
  length = 0
  rows: Uint16Array = new Uint16Array(ROWS_MIN)

  push(row: number): void {
    if (this.length === this.rows.length) this.#grow()
    this.rows[this.length++] = row
  }

  clear(): void {
    this.length = 0
  }

  #grow(): void {
    const rows = new Uint16Array(this.rows.length * 2)
    rows.set(this.rows)
    this.rows = rows
  }
}
