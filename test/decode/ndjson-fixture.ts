import type { DecodeResult } from '../../src/model/batch.ts'
import {
  createTestDecoder,
  type DecodedRows,
  decodeOk,
  NOW_MS,
  rowsOf,
  unitOf,
} from './decoder-fixture.ts'

export const AT = '2026-01-11T13:59:59.123456789Z'
export const AT_ROW = '1768139999.123456789'
export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
export const SPAN = '00f067aa0ba902b7'
export const OOM = 'CUDA out of memory. Tried to allocate 1.35 GiB'

export type Line = Readonly<Record<string, unknown>> | string

export const bodyOf = (...lines: readonly Line[]) =>
  lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
const requestOf = (body: string | Uint8Array, receivedUnixMs: number) =>
  ({ signal: 'logs', encoding: 'ndjson', body: Buffer.from(body), receivedUnixMs }) as const
export const decode = (body: string | Uint8Array, receivedUnixMs = NOW_MS): DecodeResult =>
  createTestDecoder().decode(requestOf(body, receivedUnixMs))
export const batchOf = (body: string, receivedUnixMs = NOW_MS): DecodedRows =>
  decodeOk(createTestDecoder(), requestOf(body, receivedUnixMs))
export const rowOf = (line: Line) => rowsOf(batchOf(bodyOf(line)), 'otel_logs')[0] ?? {}
export const attributesOf = (line: Line) => rowOf(line).LogAttributes
export const fieldOf = (line: Line) => {
  const [observation] = unitOf(batchOf(bodyOf(line)), 'log')
  return (key: string) => observation?.field(key)
}
