import type { Block } from '../../src/model/block.ts'
import type { LogEntry } from '../../src/store/log-writer.ts'

/**
 * A decoder in small: the number of a request becomes two spans of one trace. It uses nothing from
 * outside, so that its text can be run in another process.
 */
export function createOpenSpans() {
  const text = (value: string) => Buffer.from(`${String.fromCharCode(value.length)}${value}`)
  const time = Buffer.alloc(8)
  time.writeBigInt64LE(1_768_141_597_312_000_000n)
  let traceIds: string[] = []
  return {
    enter(n: number): LogEntry {
      traceIds.push(String(n))
      return { byteCount: 40, rowCount: 2, discard: () => void traceIds.pop() }
    },
    seal(): Block[] {
      const both = traceIds.flatMap((id) => [id, id])
      traceIds = []
      if (both.length === 0) return []
      const rowCount: number[] = []
      for (let rest = both.length; ; rest = Math.floor(rest / 128)) {
        rowCount.push(rest > 127 ? (rest % 128) | 128 : rest)
        if (rest <= 127) break
      }
      const bytes = Buffer.concat([
        Buffer.from([3, ...rowCount]),
        ...[text('Timestamp'), text('DateTime64(9)'), ...both.map(() => time)],
        ...[text('TraceId'), text('String'), ...both.map(text)],
        ...[text('SpanId'), text('String'), ...both.map((_, row) => text('ab'.charAt(row % 2)))],
      ])
      const columns = ['Timestamp', 'TraceId', 'SpanId']
      const block = { table: 'otel_traces', columns, rowCount: both.length }
      return [{ ...block, byteCount: bytes.length, chunks: [bytes] }]
    },
  }
}
