import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFleet } from '../../src/fleet/fleet.ts'
import { readLedger } from '../../src/fleet/ledger.ts'
import type { LedgerEntry, LedgerRequest } from '../../src/fleet/ledger-entry.ts'
import type { Observation } from '../../src/model/observation.ts'
import { startOtlpSink } from './otlp-sink.ts'

// The whole fleet for a few seconds against a real receiver: first well, then with more requests
// than three workers can render, while the autoscaler finds no nodes.

const ledgerDir = mkdtempSync(join(tmpdir(), 'signalbox-fleet-'))
let seen: readonly Observation[] = []
let ledger: readonly LedgerEntry[] = []
let requests: readonly LedgerRequest[] = []

beforeAll(async () => {
  const sink = await startOtlpSink()
  const fleet = await startFleet({
    seed: 7,
    speed: 20,
    ledgerDir,
    secrets: [secret(), secret()],
    replicas: 3,
    replicasMax: 6,
    entry: 'dist/fleet/main.js',
  })
  try {
    // No controller listens there: routers must serve all the same.
    await fleet.connect({ otlpUrl: sink.url, controllerUrl: 'http://127.0.0.1:9' })
    fleet.setProvisioning(false)
    fleet.setRate(15)
    await sink.until((all) => count(all, 'request', 'ok') > 15)
    fleet.fail({ target: 'cloud-eu', instances: 1 }, 'oom')
    fleet.setRate(80)
    await sink.until(
      (all) =>
        count(all, 'request', 'failed') > 10 &&
        all.some((one) => one.field('k8s.event.reason') === 'FailedScheduling') &&
        all.some((one) => one.unit === 'metric' && Number(one.field('value')) === 6),
    )
  } finally {
    await fleet.stop()
    await sink.stop()
  }
  seen = sink.seen
  ledger = readLedger(fleet.ledgerFiles)
  requests = ledger.filter((entry) => entry.kind === 'request')
}, 60_000)

afterAll(() => rmSync(ledgerDir, { recursive: true }))

test('every request in the ledger came as one span, the same to the millisecond', () => {
  const told = seen
    .flatMap((one) => one.request ?? [])
    .map((request) =>
      [
        request.traceId,
        request.router,
        request.session,
        request.class,
        request.images,
        Number(request.startUnixNs / 1_000_000n),
        Number(request.endUnixNs / 1_000_000n),
        request.outcome,
      ].join(' '),
    )
  const known = requests.map((one) =>
    [
      one.id,
      one.router,
      one.session,
      one.class,
      one.images,
      one.startMs,
      one.endMs,
      one.outcome,
    ].join(' '),
  )
  expect(known.length).toBeGreaterThan(50)
  expect(told.sort()).toEqual(known.sort())
})

test('every attempt in the ledger came as one span, the same to the millisecond', () => {
  const told = seen
    .flatMap((one) => one.attempt ?? [])
    .map((attempt) =>
      [
        attempt.traceId,
        attempt.target,
        attempt.role,
        Number(attempt.startUnixNs / 1_000_000n),
        Number(attempt.endUnixNs / 1_000_000n),
        attempt.outcome,
        attempt.generation,
      ].join(' '),
    )
  const known = requests.flatMap(({ id, attempts }) =>
    attempts.map((one) =>
      [id, one.target, one.role, one.startMs, one.endMs, one.outcome, one.generation].join(' '),
    ),
  )
  expect(told.sort()).toEqual(known.sort())
})

test('overload comes out of the model: timeouts, and a rescue within the budget', () => {
  const attempts = requests.flatMap((one) => one.attempts)
  expect(attempts.some((one) => one.role === 'fallback' && one.outcome === 'ok')).toBe(true)
  const timedOut = seen.filter(
    (one) => one.unit === 'attempt' && one.field('error.type') === 'timeout',
  )
  expect(timedOut.length).toBeGreaterThan(0)
  expect(new Set(requests.map((one) => one.router)).size).toBe(2)
})

test('users are answered in the words of the incident, and logs carry them', () => {
  const bodies = seen.filter((one) => one.unit === 'log').map((one) => String(one.field('body')))
  expect(bodies.some((body) => body.startsWith('inference_failed_internal_server_error'))).toBe(
    true,
  )
  expect(bodies.some((body) => body.includes('CUDA out of memory. Tried to allocate'))).toBe(true)
})

test('the autoscaler speaks as Kubernetes does, and says what it wants and has', () => {
  const events = seen.filter((one) => one.field('k8s.event.reason') !== undefined)
  const failed = events.find((one) => one.field('k8s.event.reason') === 'FailedScheduling')
  expect(failed?.field('body')).toContain('Insufficient nvidia.com/gpu')
  expect(failed?.source.component).toBe('autoscaler')
  expect(failed?.field('target')).toBe('cloud-eu')
  const replicas = ledger.filter((entry) => entry.kind === 'replicas')
  expect(replicas.at(-1)).toMatchObject({ desired: 6, available: 3 })
  expect(ledger.some((entry) => entry.kind === 'shortage')).toBe(true)
})

function count(all: readonly Observation[], unit: string, outcome: string): number {
  return all.filter((one) => one.unit === unit && one.field('outcome') === outcome).length
}

function secret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`
}
