import type { Block } from '../../src/model/block.ts'
import type { TakenRequest } from '../../src/model/otlp.ts'
import type { LogEntry } from '../../src/store/log-writer.ts'

// Blocks of one text column `id`, written and read with nothing of the code under test.

const text = (value: string) =>
  Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)])

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

export function toBlock(table: string, ids: readonly string[]): Block {
  const head = [varint(1), varint(ids.length), text('id'), text('String')]
  const chunks = [Buffer.concat(head), ...ids.map(text)]
  const byteCount = chunks.reduce((sum, { length }) => sum + length, 0)
  return { table, columns: ['id'], rowCount: ids.length, byteCount, chunks }
}

/** Throws where the bytes are no such blocks. */
export function readIds(bytes: Buffer): string[] {
  let at = 0
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const word = () => {
    const length = number()
    at += length
    if (at > bytes.length) throw new Error('torn block')
    return bytes.toString('utf8', at - length, at)
  }
  const ids: string[] = []
  while (at < bytes.length) {
    const columnCount = number()
    const rowCount = number()
    if (columnCount !== 1 || word() !== 'id' || word() !== 'String') throw new Error('no block')
    for (let row = 0; row < rowCount; row++) ids.push(word())
  }
  return ids
}

/** The open block of a decoder in small: `a:1,2 b:1` are two rows for table a and one for b. */
export function createOpenIds() {
  let rows: { readonly table: string; readonly id: string }[] = []
  return {
    enter(spec: string, taken?: TakenRequest): LogEntry {
      const added = spec.split(' ').flatMap((part) => {
        const [table = '', ids = ''] = part.split(':')
        return ids.split(',').map((id) => ({ table, id }))
      })
      for (const row of added) rows.push(row)
      return {
        byteCount: added.length * 10,
        rowCount: added.length,
        ...(taken && { taken }),
        discard: () => {
          rows = rows.slice(0, -added.length)
        },
      }
    },
    seal(): Block[] {
      const ids = new Map<string, string[]>()
      for (const { table, id } of rows) {
        const own = ids.get(table) ?? []
        ids.set(table, own)
        own.push(id)
      }
      rows = []
      return [...ids].map(([table, own]) => toBlock(table, own))
    },
  }
}
