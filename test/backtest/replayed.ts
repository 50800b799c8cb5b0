import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchSlice, playSlice } from '../../src/backtest/frames.ts'
import { createPairBook } from '../../src/backtest/pair-book.ts'
import { planOf } from '../../src/backtest/plan.ts'
import { createMeanings } from '../../src/config/meanings.ts'
import { loadRules, type Rule } from '../../src/config/rules.ts'
import type { Decoder } from '../../src/decode/decoder.ts'
import { createRecordedMemory } from '../../src/decode/recorded-memory.ts'
import { createSequence } from '../../src/lib/sequence.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { createRecorded } from '../../src/store/recorded.ts'
import { createTestDecoder } from '../decode/decoder-fixture.ts'
import type { TestDatabase } from '../store/database.ts'

// Telemetry on its way into storage, and out of it again as a back-test sees it.

export interface Sending {
  send(signal: Signal, document: object, receivedUnixMs: number): readonly Observation[]
  /** The moment of what was sent last. */
  readonly seenUnixNs: bigint
  /** Puts all that was sent into the database. */
  store(): Promise<void>
}

export function createSending(database: TestDatabase): Sending {
  const decoder = createTestDecoder()
  let nowMs = 0
  let seenUnixNs = 0n
  const { next } = createSequence({ nowMs: () => nowMs })
  return {
    get seenUnixNs() {
      return seenUnixNs
    },
    send(signal, document, receivedUnixMs) {
      nowMs = receivedUnixMs
      seenUnixNs = next()
      const body = Buffer.from(JSON.stringify(document))
      const request = { signal, encoding: 'json', body, receivedUnixMs, seenAtUnixNs: seenUnixNs }
      const result = decoder.decode({ ...request, encoding: 'json' })
      if (result.status !== 'ok') throw new Error(result.reason)
      return result.batch.observations
    },
    store: () => load(decoder, database),
  }
}

async function load(decoder: Decoder, { clickhouse }: TestDatabase) {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-replayed-'))
  for (const { table, columns, chunks } of decoder.seal()) {
    const file = join(dir, table)
    writeFileSync(file, Buffer.concat(chunks))
    await clickhouse.load({ table, columns, file, token: `${dir}/${table}` })
  }
  rmSync(dir, { recursive: true, force: true })
}

export function rulesOf(text: string): readonly Rule[] {
  const texts = { 'rules.yaml': `schema: signalbox.rules/v1\nrules:\n${text}` }
  const { rules, errors } = loadRules({ dir: '', texts })
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return rules
}

export interface SeenFrame {
  readonly receivedUnixMs: number
  readonly observations: readonly Observation[]
}

/** What a back-test of the rules is shown of a minute, in one slice or several. */
export async function replay(
  database: TestDatabase,
  {
    rules,
    startUnixMs,
    sliceCount = 1,
  }: {
    readonly rules: readonly Rule[]
    readonly startUnixMs: number
    readonly sliceCount?: number
  },
) {
  const meanings = createMeanings({ telemetry: { attributes: {} } })
  const options = {
    recorded: createRecorded(database.clickhouse),
    plan: planOf(rules, meanings),
    resources: { meanings, services: { gateway: 'router', 'sd-worker': 'worker' } as const },
    pairs: createPairBook(),
    memory: createRecordedMemory(),
  }
  const base = BigInt(startUnixMs) * 1_000_000n
  const lengthNs = 60_000_000_000n / BigInt(sliceCount)
  const frames: SeenFrame[] = []
  for (let index = 0; index < sliceCount; index++) {
    const from = base + BigInt(index) * lengthNs
    await playSlice(
      await fetchSlice({ base, from, to: from + lengthNs }, options),
      options,
      (frame) => {
        if ('observations' in frame) frames.push(frame)
      },
    )
  }
  return { frames, plan: options.plan }
}
