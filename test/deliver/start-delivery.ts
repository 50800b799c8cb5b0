import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { FileSubscriber } from '../../src/config/subscribers.ts'
import { createDelivery, type DeliveryOptions } from '../../src/deliver/delivery.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Answered } from '../../src/model/delivery.ts'
import type { StateData, StateDocument } from '../../src/model/desired.ts'
import { createStateStore } from '../../src/store/state-store.ts'
import { createDeliverEvents } from '../../src/telemetry/deliver-events.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'
import { type Endpoint, type Respond, startEndpoint } from './endpoint.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

export function stateData(more: Partial<StateData> = {}): StateData {
  return {
    version: 10,
    route: 'preview',
    epoch: 1,
    generation: 2,
    previous_generation: 1,
    state: 'engaging',
    desired: {
      targets: [{ target: 'edge-local', weight: 1 }],
      rescue: { order: ['edge-local'], max_rps: 10, attempt_timeout_ms: 3_000 },
      new_requests_only: true,
    },
    on_controller_loss: { after_s: 30, then: 'hold' },
    reason: { rule: 'primary-failing', actor: 'signalbox' },
    policy_revision: 1,
    decided_at: '2026-01-11T14:00:00.000Z',
    dry_run: false,
    state_url: 'http://127.0.0.1:8080/api/v1/state',
    ...more,
  }
}

export interface StartOptions extends Partial<DeliveryOptions> {
  readonly file?: string
  readonly routes?: Record<string, StateData>
}

/** A delivery on a real state store, everything it tells kept in arrays. */
export function startDelivery(options: StartOptions = {}) {
  const clock = createTurnedClock()
  const file =
    options.file ?? join(mkdtempSync(join(tmpdir(), 'signalbox-deliver-')), 'state.sqlite')
  const store = createStateStore({ file })
  const answers: Answered[] = []
  const problems: string[] = []
  const rows: Readonly<Record<string, unknown>>[] = []
  const logged: string[] = []
  const state: { document: StateDocument } = {
    document: { epoch: 1, version: 10, routes: options.routes ?? {} },
  }
  const telemetry = createTelemetry({
    logLevel: 'debug',
    destination: { write: (line) => logged.push(line) },
  })
  const delivery = createDelivery({
    store,
    clock,
    state: () => state.document,
    fileSubscribers: [],
    egressAllow: '127.0.0.0/8,::1/128',
    answered: (answer) => answers.push(answer),
    journal: (_, row) => rows.push(row),
    problem: (text) => problems.push(text),
    events: createDeliverEvents(telemetry),
    ...options,
  })
  const close = async () => {
    await delivery.stop()
    store.close()
  }
  onTestFinished(close)
  return { clock, delivery, answers, problems, rows, logged, state, file, close, telemetry }
}

export async function startServer(respond?: Respond): Promise<Endpoint> {
  const endpoint = await startEndpoint(respond)
  onTestFinished(endpoint.close)
  return endpoint
}

export function subscriber(url: string, more: Partial<FileSubscriber> = {}): FileSubscriber {
  return {
    router: 'router-1',
    url,
    secrets: [SECRET],
    routes: ['*'],
    events: ['failover.state.v1'],
    ...more,
  }
}

/** Waits for something that real sockets bring; bounded by the test's own time limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
