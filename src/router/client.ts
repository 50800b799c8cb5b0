import { type Clock, createSystemClock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { StateData } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { RouterStatus } from '../model/router-status.ts'
import { createApplied } from './applied.ts'
import { createChannels } from './channels.ts'
import { type Choosing, createChoosing, type StaticRoute } from './choosing.ts'
import type { Fetch } from './controller-calls.ts'
import { type AttemptOutcome, createCounters } from './counters.ts'
import { type ForwardRequest, type ForwardResult, forward } from './forward.ts'
import { createWebhookListener } from './listener.ts'
import { createMemory } from './memory.ts'
import type { RouterEvent } from './router-event.ts'
import type { WebhookAnswer, WebhookRequest } from './webhook.ts'

/**
 * Keeps a router's desired state by push, stream and poll, remembers it on disk, picks targets,
 * rescues single requests, and reports status. It goes on serving whatever happens to Signalbox.
 */
export interface RouterClient extends Part, Choosing {
  /** Verifies and applies a push; answer with `status` and `body` as JSON. */
  handleWebhook(request: WebhookRequest): WebhookAnswer
  /** pick, attempt, and on a retryable failure one rescue; counts the attempts. */
  forward<T>(request: ForwardRequest<T>): Promise<ForwardResult<T>>
  /** For routers that call `pick` themselves: counts an attempt; call the result once, at its end. */
  attemptStarted(place: {
    readonly route: string
    readonly target: string
  }): (outcome: AttemptOutcome) => void
  /** Trusted webhook secrets from now on: old and new one during a rotation. */
  setSecrets(secrets: readonly string[]): void
  /** Documents in force, and whether the controller is heard. */
  state(): { readonly routes: Readonly<Record<string, StateData>>; readonly version: number }
  observed(): Readonly<Record<string, Generation>>
  /** What the next status report says. */
  status(): RouterStatus
  /** Port of the webhook listener, 0 without one. */
  readonly webhookPort: number
}

export interface RouterClientOptions {
  /** This router's name, as in its subscription and its spans' `service.instance.id`. */
  readonly router: string
  /** What it knows without anybody's help. */
  readonly routes: Readonly<Record<string, StaticRoute>>
  /** Without it nothing survives a restart. */
  readonly stateFile?: string
  /** `http://127.0.0.1:8080`; without it there is neither stream, poll nor status. */
  readonly controllerUrl?: string
  readonly token?: string
  readonly webhook?: {
    readonly secrets?: readonly (string | undefined)[]
    /** Listens on `host:port/hook` itself; 0 = any free port. */
    readonly port?: number
    readonly host?: string
  }
  readonly clock?: Clock
  readonly fetch?: Fetch
  /** 0 <= x < 1; seeded in tests and simulations. */
  readonly random?: () => number
  readonly onEvent?: (event: RouterEvent) => void
}

export function createRouterClient(options: RouterClientOptions): RouterClient {
  const { clock = createSystemClock(), random = Math.random, onEvent: emit = () => {} } = options
  const applied = createApplied({ memory: createMemory(options.stateFile), emit })
  // At once, not in `start`: a saved state always goes before an assumed default.
  applied.restore()
  const counters = createCounters(clock)
  const secrets = createSecrets(options.webhook?.secrets ?? [])
  const { following, loss, handleWebhook } = createChannels({
    ...options,
    clock,
    random,
    emit,
    applied,
    counters,
    secrets: secrets.all,
  })
  const { isReverted } = loss
  const choosing = createChoosing({ routes: options.routes, clock, random, applied, isReverted })
  const { port, host = '127.0.0.1' } = options.webhook ?? {}
  const listener =
    port === undefined ? undefined : createWebhookListener({ port, host, handle: handleWebhook })

  return {
    name: 'router-client',
    async start() {
      await listener?.start()
      await following.start()
    },
    async stop() {
      following.stop()
      await listener?.stop()
    },
    handleWebhook,
    ...choosing,
    forward: (request) => forward(request, { clock, counters, ...choosing }),
    attemptStarted: counters.started,
    setSecrets: secrets.set,
    state: () => ({ routes: Object.fromEntries(applied.all()), version: applied.version }),
    observed: applied.pairs,
    status: following.status,
    get webhookPort() {
      return listener?.port ?? 0
    },
  }
}

function createSecrets(first: readonly (string | undefined)[]) {
  const known = (texts: readonly (string | undefined)[]) =>
    texts.flatMap((text) => (text === undefined || text === '' ? [] : [text]))
  let secrets = known(first)
  return {
    all: () => secrets,
    set(next: readonly string[]) {
      secrets = known(next)
    },
  }
}
