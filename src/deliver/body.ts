import type { StateData } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'

export const BODY_BYTES_MAX = 4_096
const VALID_MS = 60_000

/** The webhook's body for one attempt: only `timestamp` and `not_after` differ between attempts. */
export function renderStateBody(data: StateData, atUnixMs: number): string {
  const timestamp = new Date(atUnixMs).toISOString()
  const not_after = new Date(atUnixMs + VALID_MS).toISOString()
  const render = (reason: StateData['reason']) =>
    JSON.stringify({
      type: 'failover.state.v1',
      timestamp,
      data: { ...data, reason, not_after },
    })
  const body = render(data.reason)
  // What routers act on goes before what people read; the API has all of it.
  return Buffer.byteLength(body) < BODY_BYTES_MAX ? body : render({ actor: data.reason.actor })
}

export interface HeartbeatInput {
  readonly atUnixMs: number
  readonly version: number
  readonly pairs: Readonly<Record<string, Generation>>
}

export function renderHeartbeatBody({ atUnixMs, version, pairs }: HeartbeatInput): string {
  return JSON.stringify({
    type: 'failover.heartbeat.v1',
    timestamp: new Date(atUnixMs).toISOString(),
    data: { version, pairs },
  })
}
