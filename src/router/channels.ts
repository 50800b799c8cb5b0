import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import { compareGenerations } from '../model/generation.ts'
import type { RouterStatus } from '../model/router-status.ts'
import type { Applied } from './applied.ts'
import type { StaticRoute } from './choosing.ts'
import { createControllerCalls, type Fetch } from './controller-calls.ts'
import type { Counters } from './counters.ts'
import { follow } from './follow.ts'
import { createLoss, type Loss } from './loss.ts'
import type { RouterEvent } from './router-event.ts'
import { createStateReader } from './state-reader.ts'
import { createStatusReports } from './status.ts'
import { createWebhook, type WebhookAnswer, type WebhookRequest } from './webhook.ts'

/** Every way to and from the controller: push in, stream and poll in, status out. */
export interface Channels {
  handleWebhook(request: WebhookRequest): WebhookAnswer
  readonly loss: Loss
  readonly following: {
    /** Reads the state once (at most 2 s), then follows it. */
    start(): Promise<void>
    stop(): void
    status(): RouterStatus
  }
}

export interface ChannelsOptions {
  readonly router: string
  readonly routes: Readonly<Record<string, StaticRoute>>
  readonly controllerUrl?: string
  readonly token?: string
  readonly fetch?: Fetch
  readonly clock: Clock
  random(): number
  readonly applied: Applied
  readonly counters: Counters
  secrets(): readonly string[]
  emit(event: RouterEvent): void
}

export function createChannels(options: ChannelsOptions): Channels {
  const { clock, applied, counters, emit } = options
  const { router, random, secrets } = options
  const fetch = options.fetch ?? globalThis.fetch
  const { controllerUrl: url, token } = options
  const calls = createControllerCalls({ url, token, fetch, clock })
  const loss = createLoss({
    clock,
    documents: applied.all,
    primaryOf: (route) => options.routes[route]?.primary,
    recent: counters.recent,
    emit,
  })
  const offer = (data: StateData) => {
    if (!data.dry_run) applied.offer(data)
  }
  const version = () => applied.version
  const reader = createStateReader({
    calls,
    offer,
    heard: loss.heard,
    isBehind: (route, pair) => compareGenerations(pair, applied.pair(route)) > 0,
    version,
  })
  // Pushes alone are rare: without a controller to ask and without heartbeats, silence means nothing.
  let isSilenceTelling = url !== undefined
  const handleWebhook = createWebhook({
    clock,
    secrets,
    offer,
    pair: applied.pair,
    heard: loss.heard,
    readNow: (stateUrl) => void reader.readNow(stateUrl),
    hint(seen) {
      isSilenceTelling = true
      reader.hint(seen)
    },
    emit,
  })
  const reports = createStatusReports({
    router,
    bootId: randomUUID(),
    clock,
    calls,
    applied,
    counters,
    heard: loss.heard,
    hint: reader.hint,
    eachSecond() {
      if (isSilenceTelling) loss.judge()
      applied.retrySave()
    },
  })
  let life: AbortController | undefined
  const start = async () => {
    if (life) return
    life = new AbortController()
    const { signal } = life
    if (url !== undefined) await reader.readNow()
    if (signal.aborted) return
    // After the read, so that the first status already tells what is in force.
    reports.start()
    if (url === undefined) return
    follow({ calls, reader, clock, random, offer, heard: loss.heard, version, emit }, signal)
  }
  const stop = () => {
    reports.stop()
    life?.abort()
    life = undefined
  }
  return { handleWebhook, loss, following: { start, stop, status: reports.status } }
}
