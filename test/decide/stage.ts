import { Failover } from '../../src/config/failover.ts'
import { loadYamlOrThrow } from '../../src/config/load-yaml.ts'
import { createTimings } from '../../src/config/timings.ts'
import { type Controller, createController } from '../../src/decide/controller.ts'
import { identityOf } from '../../src/lib/identity.ts'
import { createTurnedClock, type TurnedClock } from '../../src/lib/turned-clock.ts'
import type { RequestOutcome } from '../../src/model/attempt.ts'
import type { Generation } from '../../src/model/generation.ts'
import { formatGeneration } from '../../src/model/generation.ts'
import type { FieldValue, Observation } from '../../src/model/observation.ts'
import type { RouteView, Transition } from '../../src/model/route.ts'
import type { StateStore } from '../../src/model/state-store.ts'
import type { RuleState, Verdict } from '../../src/model/verdict.ts'
import { createDecideEvents } from '../../src/telemetry/decide-events.ts'
import { createSilentTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts'
import { createMemoryStateStore } from './memory-state-store.ts'

export interface StageOptions {
  readonly telemetry?: Telemetry
  readonly yaml: string
  readonly store?: StateStore
  readonly clock?: TurnedClock
  readonly subscribers?: readonly string[]
  readonly publish?: (transition: Transition) => void
}

export interface Stage {
  readonly controller: Controller
  readonly clock: TurnedClock
  readonly store: StateStore
  readonly transitions: Transition[]
  view(route?: string): RouteView
  pair(route?: string): Generation
  /** A verdict of a rule for the route's primary. */
  judge(rule: string, state: RuleState, extra?: Partial<Verdict>): void
  /** `count` attempts that start now and end `durationMs` earlier than they arrive: at once. */
  attempts(count: number, extra: AttemptInput): void
  requests(count: number, extra?: RequestInput): void
  metric(name: string, value: number, fields?: Readonly<Record<string, FieldValue>>): void
  /** A status of a router that has applied `pair` (default: the newest). */
  status(router: string, pair?: Generation, route?: string): void
  /** Turns the clock in steps of a second, calling `each` before every one. */
  run(seconds: number, each?: (second: number) => void): void
  states(route?: string): string[]
}

export interface AttemptInput {
  readonly route?: string
  readonly target: string
  readonly outcome?: RequestOutcome
  readonly router?: string
  /** `EPOCH.GENERATION`; default the route's newest. */
  readonly generation?: string
  readonly durationMs?: number
  readonly startUnixMs?: number
  readonly spanId?: string
}

export interface RequestInput {
  readonly route?: string
  readonly tier?: string
}

let spanCount = 0

export async function createStage(options: StageOptions): Promise<Stage> {
  const clock = options.clock ?? createTurnedClock()
  const store = options.store ?? createMemoryStateStore()
  const transitions: Transition[] = []
  const controller = createController({
    failover: parseFailover(options.yaml),
    store,
    clock,
    timings: createTimings(),
    publish(transition) {
      transitions.push(transition)
      options.publish?.(transition)
    },
    subscribedRouters: () => options.subscribers ?? [],
    stateUrl: 'http://127.0.0.1:8080/api/v1/state',
    events: createDecideEvents(options.telemetry ?? createSilentTelemetry()),
  })
  await controller.start()
  const view = (route = 'preview') => {
    const found = controller.view(route)
    if (!found) throw new Error(`no route ${route}`)
    return found
  }
  const pair = (route = 'preview') => {
    const { epoch, generation } = view(route)
    return { epoch, generation }
  }
  const stage: Stage = {
    controller,
    clock,
    store,
    transitions,
    view,
    pair,
    judge: (rule, state, extra = {}) =>
      controller.verdict(verdictOf({ rule, state, nowMs: clock.nowMs(), extra })),
    attempts(count, input) {
      const generation = input.generation ?? formatGeneration(pair(input.route))
      const make = attemptsOf({ ...input, generation }, clock.nowMs())
      controller.observe(Array.from({ length: count }, make))
    },
    requests: (count, input = {}) =>
      controller.observe(Array.from({ length: count }, requestsOf(input, clock.nowMs()))),
    metric: (name, value, fields = {}) =>
      controller.observe([metricOf({ metric: name, value, ...fields }, clock.nowMs())]),
    status: (router, own, route = 'preview') =>
      controller.status({
        router,
        receivedUnixMs: clock.nowMs(),
        status: {
          boot_id: 'b',
          clock: new Date(clock.nowMs()).toISOString(),
          observed: { [route]: own ?? pair(route) },
          routes: { [route]: { targets: {} } },
        },
      }),
    run(seconds, each) {
      for (let second = 0; second < seconds; second++) {
        each?.(second)
        clock.turn(1_000)
      }
    },
    states: (route = 'preview') =>
      transitions.filter((one) => one.route === route && one.kind === 'state').map((one) => one.to),
  }
  return stage
}

export function parseFailover(yaml: string): Failover {
  return loadYamlOrThrow({ file: 'failover.yaml', text: yaml, schema: Failover })
}

interface VerdictInput {
  readonly rule: string
  readonly state: RuleState
  readonly nowMs: number
  readonly extra: Partial<Verdict>
}

function verdictOf({ rule, state, nowMs, extra }: VerdictInput): Verdict {
  return {
    rule,
    kind: 'ratio',
    by: {},
    severity: 'critical',
    labels: {},
    title: rule,
    sinceUnixMs: nowMs,
    atUnixMs: nowMs,
    judgedUnixMs: nowMs,
    watermarkUnixMs: nowMs,
    threshold: 0.4,
    count: 200,
    windowMs: 90_000,
    effect: state === 'firing' ? 'firing' : 'ok',
    witnesses: state === 'firing' ? ['router-1', 'router-2'] : [],
    value: state === 'unknown' ? null : 0.47,
    state,
    ...(state === 'unknown' && { reason: 'silent' }),
    ...extra,
  } as Verdict
}

/** Makes attempts that differ in their span only: a test sends hundreds of thousands. */
function attemptsOf(input: AttemptInput, nowMs: number): () => Observation {
  const endMs = (input.startUnixMs ?? nowMs) + (input.durationMs ?? 0)
  const shared = {
    ...servedOf(input.route ?? 'preview', input.router ?? 'router-1'),
    target: input.target,
    role: 'unlisted' as const,
    outcome: input.outcome ?? 'ok',
    generation: input.generation ?? '',
    startUnixNs: BigInt(Math.round(input.startUnixMs ?? nowMs)) * 1_000_000n,
    endUnixNs: BigInt(Math.round(endMs)) * 1_000_000n,
    receivedUnixMs: nowMs,
  }
  const source = { id: shared.router, component: 'router' } as const
  const field = () => undefined
  const times = { atUnixMs: endMs, startUnixMs: nowMs }
  return () => {
    const spanId = input.spanId ?? String(++spanCount)
    const attempt = { ...shared, requestId: spanId, spanId }
    return { unit: 'attempt', ...times, source, weight: 1, once: onceOf(spanId), field, attempt }
  }
}

function requestsOf({ route = 'preview', tier = '' }: RequestInput, nowMs: number) {
  const startUnixNs = BigInt(nowMs) * 1_000_000n
  const shared = {
    ...servedOf(route, 'router-1'),
    ...{ startUnixNs, endUnixNs: startUnixNs, tier, receivedUnixMs: nowMs },
    ...{ finalTarget: '', finalRole: '' as const, attemptCount: 1, abandonedAfterMs: 0 },
  }
  const source = { id: 'router-1', component: 'router' } as const
  const field = (key: string) => (key === 'tier' && tier !== '' ? tier : undefined)
  const times = { atUnixMs: nowMs, startUnixMs: nowMs }
  return (): Observation => {
    const spanId = String(++spanCount)
    const request = { ...shared, requestId: spanId, spanId }
    return { unit: 'request', ...times, source, weight: 1, once: onceOf(spanId), field, request }
  }
}

const onceOf = (spanId: string) => identityOf(`t/${spanId}`)

function metricOf(fields: Readonly<Record<string, FieldValue>>, nowMs: number): Observation {
  return {
    unit: 'metric',
    atUnixMs: nowMs,
    startUnixMs: nowMs,
    source: { id: 'platform', component: 'autoscaler' },
    weight: 1,
    field: (key) => fields[key],
  }
}

function servedOf(route: string, router: string) {
  return {
    route,
    router,
    traceId: 't',
    outcome: 'ok' as const,
    errorType: '',
    statusCode: 200,
    generation: '',
    session: '',
    model: '',
    region: '',
    tenant: '',
    tier: '',
    class: '',
    variant: '',
    images: 1,
    cost: 0,
    weight: 1,
  }
}
