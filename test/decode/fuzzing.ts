import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Decoder } from '../../src/decode/decoder.ts'
import type { DecodedBatch } from '../../src/model/batch.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import {
  createOpenDecoder,
  RECEIVED_MS,
  referenceRows,
  sealRows,
  telemetryOf,
} from './equality-fixture.ts'
import { createRandom, mutate, type Random } from './mutations.ts'
import { BODIES } from './otlp-arbitrary.ts'
import { encode } from './otlp-builder.ts'

// Damaged requests, many of them, through one decoder that lives on, beside the reference decoder.

type Input = Pick<OtlpRequest, 'signal' | 'encoding' | 'body'>

export interface FuzzReport {
  okCount: number
  badCount: number
  /** Taken, although the reference refuses: see `fuzz`. */
  laxCount: number
}

const SIGNALS = ['traces', 'logs', 'metrics'] as const
const ENCODINGS = ['protobuf', 'protobuf', 'protobuf', 'json', 'ndjson'] as const
const FIELDS = ['target', 'route', 'outcome', 'duration', 'body', 'value', 'role', 'a', 'name']
const INPUTS_PER_BLOCK = 200
const CORPUS_COUNT = 100

const EXAMPLES = 'test/contract/otlp-examples'
const FILES: Readonly<Record<Signal, readonly string[]>> = {
  traces: ['trace'],
  logs: ['logs', 'events'],
  metrics: ['metrics'],
}
const LINES = [
  '{"time":"2026-01-11T14:00:00.123Z","level":"error","msg":"CUDA out of memory","a":{"b":[1,2]}}',
  '{"ts":1768140000.5,"severity":"WARN","message":"é","trace_id":"0af7651916cd43dd8448eb211c80319c"}',
  '{"kind":"Event","involvedObject":{"name":"p"},"reason":"OOMKilling","message":"m"}\nnot json\n{}',
]

/** Bodies by signal and encoding: generated ones, and the protocol's own examples. */
function createCorpus(seed: number): (signal: Signal, encoding: Input['encoding']) => Buffer[] {
  const bodies = new Map<string, Buffer[]>()
  bodies.set(
    'logs ndjson',
    LINES.map((line) => Buffer.from(line)),
  )
  for (const signal of SIGNALS) {
    const texts = FILES[signal].map((name) => readFileSync(`${EXAMPLES}/${name}.json`, 'utf8'))
    const encoded = texts.map((text) => Buffer.from(encode(signal, JSON.parse(text), 'protobuf')))
    const generated = fc.sample(BODIES[signal], { numRuns: CORPUS_COUNT, seed })
    bodies.set(`${signal} protobuf`, [...generated, ...encoded])
    // Short, so that damage hits what counts.
    bodies.set(
      `${signal} json`,
      texts.map((text) => Buffer.from(JSON.stringify(JSON.parse(text)))),
    )
  }
  return (signal, encoding) => bodies.get(`${signal} ${encoding}`) ?? []
}

/**
 * Decodes `count` damaged requests. Each is answered, without a throw; what both decoders take is
 * the same rows; what ours alone refuses is refused for a reason that holds; and the open blocks are
 * those of a decoder that was never given anything bad.
 *
 * Ours alone takes a few: it does not read what it does not store (a value whose key comes again, a
 * metric's data that another kind replaces), and so does not see damage there.
 */
export function fuzz({
  seed,
  count,
}: {
  readonly seed: number
  readonly count: number
}): FuzzReport {
  const random = createRandom(seed)
  const corpus = createCorpus(seed)
  const report: FuzzReport = { okCount: 0, badCount: 0, laxCount: 0 }
  const decoder = createOpenDecoder()
  const pristine = createOpenDecoder()
  const alone = createOpenDecoder()
  let kept: Input[] = []
  for (let i = 0; i < count; i++) {
    const input = next(corpus, random)
    try {
      const result = decoder.decode({ ...input, receivedUnixMs: RECEIVED_MS })
      if (result.status === 'bad') {
        report.badCount++
        mustBeBad(input, result.reason)
      } else {
        report.okCount++
        if (!mustBeRight(input, { alone, batch: result.batch })) report.laxCount++
        if (random.below(10) === 0) result.batch.discard()
        else kept.push(input)
      }
      if (i % INPUTS_PER_BLOCK !== INPUTS_PER_BLOCK - 1) continue
      for (const one of kept) pristine.decode({ ...one, receivedUnixMs: RECEIVED_MS })
      expect(sealBytes(decoder)).toEqual(sealBytes(pristine))
      kept = []
    } catch (cause) {
      const bytes = Buffer.from(input.body).toString('base64')
      const place = `seed ${seed}, input ${i}, ${input.signal} ${input.encoding} ${bytes}`
      throw new Error(`${place}: ${cause}`, { cause })
    }
  }
  return report
}

/** By table, and of telemetry alone: attempts depend on what was taken back, too. */
function sealBytes(decoder: Decoder): Record<string, string> {
  const blocks = decoder.seal().filter(({ table }) => table.startsWith('otel_'))
  return Object.fromEntries(
    blocks.map(({ table, chunks }) => [table, Buffer.concat(chunks).toString('latin1')]),
  )
}

function next(corpus: ReturnType<typeof createCorpus>, random: Random): Input {
  const encoding = random.pick(ENCODINGS)
  const signal = encoding === 'ndjson' ? 'logs' : random.pick(SIGNALS)
  // Sometimes what another signal or encoding would send.
  const from = random.below(20) === 0 ? random.pick(SIGNALS) : signal
  const bodies = corpus(from, encoding)
  return {
    signal,
    encoding,
    body: mutate(bodies.length > 0 ? bodies : corpus('logs', encoding), random),
  }
}

/**
 * What the protocol refuses, or we do, and the reference takes: numbers of unknown fields longer
 * than ten bytes, an id of wrong length that a later one replaces, groups and values within each
 * other beyond our own limit.
 */
const OWN_REASONS = /does not end|id has \d+ bytes|nested too deeply/

function mustBeBad(input: Input, reason: string): void {
  expect(reason).not.toBe('')
  if (input.encoding === 'ndjson' || OWN_REASONS.test(reason)) return
  expect(referenceRows(input), reason).toBeUndefined()
}

/** Whether the reference takes it too, and then the same rows come of it. */
function mustBeRight(
  input: Input,
  { alone, batch }: { alone: Decoder; batch: DecodedBatch },
): boolean {
  for (const observation of batch.observations) for (const key of FIELDS) observation.field(key)
  if (input.encoding === 'ndjson' || batch.rejectedCount > 0) return true
  const expected = referenceRows(input)
  if (!expected) return false
  alone.decode({ ...input, receivedUnixMs: RECEIVED_MS })
  const rows = telemetryOf(sealRows(alone))
  if (!isDeepStrictEqual(rows, expected)) expect(rows).toEqual(expected)
  return true
}
