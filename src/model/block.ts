/** Rows of one table as one ClickHouse `Native` block (revision 0), ready for the log. */
export interface Block {
  readonly table: string
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly byteCount: number
  /** Good until the next blocks are made; do not keep. */
  readonly chunks: readonly Uint8Array[]
}
