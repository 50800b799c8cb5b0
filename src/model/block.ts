/** Rows of one table as one ClickHouse `Native` block (revision 0), ready for the log. */
export interface Block {
  readonly table: string
  /** In the order of the bytes. Of one table, later blocks may have more, never others or fewer. */
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly byteCount: number
  /** Valid until the next event-loop turn after the write resolved; do not keep. */
  readonly chunks: readonly Uint8Array[]
}
