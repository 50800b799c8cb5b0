import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RouterClient } from '../../src/router/client.ts'
import { encode, type SpanInput, traces } from '../decode/otlp-builder.ts'
import { newFolder, type Served, serve } from '../scenario/served.ts'

/** What the crash tests of the whole server need beside the server: alerts, a router's traffic, waiting. */
const RULES = `schema: signalbox.rules/v1
rules:
  - id: primary-failing
    kind: ratio
    on: attempts
    where: { role: primary }
    bad: { outcome: failed }
    by: [route, target]
    window: 2s
    trip: { above: 0.4, min_count: 20 }
    severity: critical
`
const FAILOVER = `schema: signalbox.failover/v1
defaults: { mode: auto }
routes:
  - route: preview
    primary: cloud-eu
    fallbacks: [{ target: edge-local }]
    on: [primary-failing]
    evidence: { need: 1 }
    keep_on_primary: { share: 0.01, max_rps: 2 }
    rescue: { max_rps: 20 }
    timing: { min_hold: 10m, max_hold: 30m }
`

/** Alerts of one rule in mode auto, with durations short enough to wait for. */
export function alertsWith(options: {
  readonly hook: string
  readonly ackWithin?: string
}): string {
  const dir = join(newFolder(), 'alerts')
  // Only its own rule: the shipped pack would page too.
  mkdirSync(join(dir, 'rules'), { recursive: true })
  writeFileSync(join(dir, 'rules', 'failover.yaml'), RULES)
  writeFileSync(join(dir, 'failover.yaml'), FAILOVER)
  writeFileSync(
    join(dir, 'oncall.yaml'),
    `schema: signalbox.oncall/v1
receivers: [{ name: hook, webhook: { url: "${options.hook}" } }]
levels:
  - { name: L1, notify: [hook], ack_within: ${options.ackWithin ?? '10m'} }
  - { name: L2, notify: [hook], ack_within: ${options.ackWithin ?? '10m'}, repeat: 5 }
chains: { serving: [L1, L2] }
routes: [{ match: { severity: critical }, chain: serving, start: [L1] }]
`,
  )
  return dir
}

/** Polls until `look` gives something; says what it saw last when it never does. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const endMs = performance.now() + withinMs
  let fault: unknown
  while (performance.now() < endMs) {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen
    } catch (thrown) {
      fault = thrown
    }
    await sleep(50)
  }
  throw new Error(`waited ${withinMs} ms for ${what}`, { cause: fault })
}

/** Starts again where it was, on the same ports, as a supervisor would. */
export function restart(before: Served, alertsDir: string): Promise<Served> {
  return serve({
    dataDir: before.dataDir,
    alertsDir,
    env: {
      SIGNALBOX_PORT: new URL(before.addresses.http).port,
      SIGNALBOX_OTLP_HTTP_PORT: new URL(before.addresses.otlp_http).port,
    },
  })
}

const RESOURCE = {
  'service.name': 'router',
  'service.instance.id': 'router-1',
  'signalbox.component': 'router',
}

/** Exports spans as a router does; resolves to whether they were acknowledged. */
export async function exportSpans(otlp: string, spans: readonly SpanInput[]): Promise<boolean> {
  try {
    const answer = await fetch(`${otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: encode('traces', traces(RESOURCE, spans), 'protobuf'),
      signal: AbortSignal.timeout(5_000),
    })
    return answer.status === 200 && (await answer.text()) === ''
  } catch {
    return false
  }
}

export interface Traffic {
  /** Targets of the newest requests, oldest first. */
  readonly targets: readonly string[]
  stop(): Promise<void>
}

/** A router process in small: picks, serves on the target (the primary fails), exports its spans. */
export function startTraffic(options: {
  readonly client: RouterClient
  readonly otlp: string
  readonly isDown: (target: string) => boolean
}): Traffic {
  const { client, otlp, isDown } = options
  const targets: string[] = []
  const ending = new AbortController()
  const once = async (): Promise<SpanInput[]> => {
    const traceId = randomBytes(16).toString('hex')
    const spans: SpanInput[] = []
    const result = await client.forward<string>({
      route: 'preview',
      retryable: false,
      attempt: async (target, { generation }) => {
        const attributes = {
          'signalbox.route': 'preview',
          'signalbox.target': target,
          'signalbox.generation': generation,
        }
        const error = isDown(target) ? { error: 'inference_failed_internal_server_error' } : {}
        const startMs = Date.now() - 20
        const rest = { traceId, name: 'POST /render', startMs, durationMs: 20, attributes }
        spans.push({ ...rest, kind: 'client', ...error })
        return { outcome: isDown(target) ? 'failed' : 'ok' }
      },
    })
    const attributes = { 'signalbox.route': 'preview', 'http.route': '/render' }
    const error = result.outcome === 'failed' ? { error: 'upstream failed' } : {}
    const rest = { traceId, name: 'POST /render', startMs: Date.now() - 25, durationMs: 25 }
    spans.push({ ...rest, kind: 'server', attributes, ...error })
    targets.push(result.target)
    return spans
  }
  const run = async () => {
    while (!ending.signal.aborted) {
      const spans = (await Promise.all(Array.from({ length: 5 }, once))).flat()
      await exportSpans(otlp, spans)
      await sleep(100)
    }
  }
  const ended = run()
  return {
    targets,
    async stop() {
      ending.abort()
      await ended
    },
  }
}
