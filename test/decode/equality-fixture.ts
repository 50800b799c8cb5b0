import { expect } from 'vitest'
import { createNaiveDecoder } from '../../src/bench/naive-decoder.ts'
import { BadTelemetry } from '../../src/decode/bad-telemetry.ts'
import type { Decoder } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import type { TablesOptions } from '../../src/decode/tables.ts'
import type { Row } from '../../src/model/batch.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import { createTestDecoder } from './decoder-fixture.ts'
import { readNative, withRare } from './native-reader.ts'

// The one-pass decoder beside the reference: the same requests, and what both made of them.

/** The last half hour that a DateTime64(9) can hold: no time is ahead of it, none too old. */
export const RECEIVED_MS = 9_223_372_036_000 - 1_800_000

export type Rows = Readonly<Record<string, readonly Row[]>>

const reference = createNaiveDecoder()

/** A decoder that keeps what is private and old, as the reference does. */
export function createOpenDecoder(names?: NonNullable<TablesOptions['names']>): Decoder {
  return createTestDecoder({
    privacy: {
      find: () => undefined,
      isPromptEvent: () => false,
      hash: (text) => text,
      tally: createPrivacyTally(),
    },
    services: {},
    retentionMs: 2 * RECEIVED_MS,
    ...(names && { names }),
  })
}

export function referenceRows(request: Omit<OtlpRequest, 'receivedUnixMs'>): Rows | undefined {
  try {
    return Object.fromEntries(reference.rows({ ...request, receivedUnixMs: RECEIVED_MS }))
  } catch (fault) {
    if (fault instanceof BadTelemetry) return undefined
    throw fault
  }
}

/** The rows that were written since it was sealed last, as they stand in the blocks. */
export function sealRows(decoder: Decoder): Rows {
  return Object.fromEntries(
    decoder.seal().map(({ table, chunks, rowCount, columns, byteCount }) => {
      const bytes = Buffer.concat(chunks)
      const blocks = readNative(bytes)
      const rows = blocks.flatMap((block) => block.rows)
      expect({ rowCount, columns, byteCount }).toEqual({
        rowCount: rows.length,
        columns: [...(blocks[0]?.columns.keys() ?? [])],
        byteCount: bytes.length,
      })
      return [table, withRare(table, rows)]
    }),
  )
}

/** Attempts, requests and who was heard are not the reference's business, nor is when it was seen. */
export function telemetryOf(rows: Rows): Rows {
  const telemetry = Object.entries(rows).filter(([table]) => table.startsWith('otel_'))
  return Object.fromEntries(telemetry.map(([table, own]) => [table, own.map(asExported)]))
}

/** Without what the exporter's tables do not have; `recorded.test.ts` is about that. */
export function asExported({ SeenAt: _, EventAt: __, ...row }: Row): Row {
  return row
}

export function join(all: readonly Rows[]): Rows {
  const joined: Record<string, Row[]> = {}
  for (const rows of all)
    for (const [table, own] of Object.entries(rows)) {
      joined[table] ??= []
      joined[table].push(...own)
    }
  return joined
}

export function countRows(rows: Rows): number {
  return Object.values(rows).reduce((sum, own) => sum + own.length, 0)
}
