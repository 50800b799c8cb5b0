import { createHmac } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/lib/clock.ts'
import type { Desired, StateData, TargetShare } from '../../src/model/desired.ts'
import {
  createRouterClient,
  type RouterClient,
  type RouterClientOptions,
} from '../../src/router/client.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export function tempFile(name: string): string {
  return join(mkdtempSync(join(tmpdir(), 'signalbox-router-')), name)
}

export interface DocumentOptions {
  readonly epoch?: number
  readonly generation?: number
  readonly version?: number
  readonly targets?: readonly TargetShare[]
  readonly rescue?: Partial<Desired['rescue']>
  readonly more?: Partial<StateData>
}

/** Desired state of `preview`: everything on edge-local, one in a hundred on cloud-eu. */
export function document(options: DocumentOptions = {}): StateData {
  const { epoch = 1, generation = 2, version = 10 } = options
  return {
    version,
    route: 'preview',
    epoch,
    generation,
    previous_generation: generation - 1,
    state: 'engaging',
    desired: {
      targets: options.targets ?? [{ target: 'edge-local', weight: 1 }],
      rescue: { order: ['edge-local'], max_rps: 10, attempt_timeout_ms: 3_000, ...options.rescue },
      new_requests_only: true,
    },
    on_controller_loss: { after_s: 30, then: 'hold' },
    reason: { actor: 'signalbox' },
    policy_revision: 1,
    decided_at: '2026-01-11T14:00:00.000Z',
    dry_run: false,
    state_url: 'http://127.0.0.1:1/api/v1/state',
    ...options.more,
  }
}

/** A push as Signalbox signs it. */
export function push(
  clock: Clock,
  data: unknown,
  options: { secret?: string; type?: string } = {},
) {
  const rawBody = JSON.stringify({
    type: options.type ?? 'failover.state.v1',
    timestamp: new Date(clock.nowMs()).toISOString(),
    data,
  })
  return { headers: sign({ clock, rawBody, secret: options.secret ?? SECRET }), rawBody }
}

function sign(input: { clock: Clock; rawBody: string; secret: string }) {
  const timestamp = String(Math.floor(input.clock.nowMs() / 1_000))
  const key = Buffer.from(input.secret.slice('whsec_'.length), 'base64')
  const digest = createHmac('sha256', key).update(`msg_1.${timestamp}.${input.rawBody}`)
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${digest.digest('base64')}`,
  }
}

export function startClient(
  options: Partial<RouterClientOptions> & { clock: Clock },
): RouterClient {
  return createRouterClient({
    router: 'router-1',
    routes: { preview: { primary: 'cloud-eu', fallbacks: ['edge-local'] } },
    webhook: { secrets: [SECRET] },
    ...options,
  })
}
