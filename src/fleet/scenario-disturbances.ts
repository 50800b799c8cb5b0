import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'
import type { Delivery, Disturbance, Scenario } from './scenario.ts'
import { SCENARIO_START_UNIX_MS } from './scenario-fleet.ts'
import { streamScenario } from './scenario-stream.ts'

type Stream = Iterable<Delivery>

/** What arrives of a scenario, after all that happens to telemetry on its way. */
export function deliverScenario(scenario: Scenario): Stream {
  const random = createRandom(scenario.seed).fork('disturbances')
  return scenario.disturbances.reduce<Stream>(
    (stream, disturbance, index) => disturb(stream, disturbance, random.fork(String(index))),
    streamScenario(scenario),
  )
}

function disturb(stream: Stream, disturbance: Disturbance, random: Random): Stream {
  const unixMs = (atS: number) => SCENARIO_START_UNIX_MS + atS * 1_000
  switch (disturbance.does) {
    case 'late':
      return later(stream, (one) => (isFrom(one, disturbance.who) ? [disturbance.byMs] : [0]))
    case 'duplicate':
      return later(stream, (one) =>
        one.observations && random.unit() < disturbance.share
          ? [0, 1_000 + random.unit() * 20_000]
          : [0],
      )
    case 'reorder':
      return later(stream, (one) => [one.observations ? random.unit() * disturbance.byMs : 0])
    case 'hold': {
      const [fromMs, untilMs] = [unixMs(disturbance.fromS), unixMs(disturbance.untilS)]
      return later(stream, ({ receivedUnixMs, status }) => {
        const isHeld = !status && receivedUnixMs >= fromMs && receivedUnixMs < untilMs
        return [isHeld ? untilMs - receivedUnixMs : 0]
      })
    }
    case 'skew':
      return skewed(stream, disturbance)
    case 'sample':
      return sampled(stream, disturbance)
  }
}

/** `routers`, `workers`, or one router by its id; statuses are never held up. */
function isFrom({ observations }: Delivery, who: string): boolean {
  const source = observations?.[0]?.source
  if (!source) return false
  if (who === 'all') return true
  return who === 'routers' ? source.component === 'router' : source.id === who
}

/**
 * Each delivery once for every delay given, in order of arrival. Holds as many deliveries as the
 * longest delay spans.
 */
function* later(stream: Stream, delaysOf: (delivery: Delivery) => number[]): Generator<Delivery> {
  const waiting: Delivery[] = []
  for (const delivery of stream) {
    for (; waiting[0] && waiting[0].receivedUnixMs <= delivery.receivedUnixMs; ) {
      const due = waiting.shift()
      if (due) yield due
    }
    for (const delayMs of delaysOf(delivery)) {
      if (delayMs === 0) yield delivery
      else insert(waiting, receivedAt(delivery, delivery.receivedUnixMs + delayMs))
    }
  }
  yield* waiting
}

function receivedAt(delivery: Delivery, receivedUnixMs: number): Delivery {
  if (!delivery.status) return { ...delivery, receivedUnixMs }
  return { receivedUnixMs, status: { ...delivery.status, receivedUnixMs } }
}

function insert(waiting: Delivery[], delivery: Delivery): void {
  let place = waiting.length
  while (place > 0 && (waiting[place - 1]?.receivedUnixMs ?? 0) > delivery.receivedUnixMs) place--
  waiting.splice(place, 0, delivery)
}

type DisturbanceOf<K extends Disturbance['does']> = Extract<Disturbance, { does: K }>

/** One sender's clock is off from some moment on, in its statuses as in its spans. */
function* skewed(stream: Stream, { who, byMs, fromS }: DisturbanceOf<'skew'>): Generator<Delivery> {
  const fromUnixMs = SCENARIO_START_UNIX_MS + fromS * 1_000
  for (const delivery of stream) {
    const { observations, status, receivedUnixMs } = delivery
    const isItsOwn = status && (who === 'routers' || who === 'all' || who === status.router)
    if (receivedUnixMs < fromUnixMs) yield delivery
    else if (isItsOwn) yield { receivedUnixMs, status: toldAt(status, byMs) }
    else if (!observations || !isFrom(delivery, who)) yield delivery
    else
      yield {
        receivedUnixMs,
        observations: observations.map((one) =>
          changed(one, { atUnixMs: one.atUnixMs + byMs, startUnixMs: one.startUnixMs + byMs }),
        ),
      }
  }
}

function toldAt(told: ReceivedStatus, byMs: number): ReceivedStatus {
  const clock = new Date(Date.parse(told.status.clock) + byMs).toISOString()
  return { ...told, status: { ...told.status, clock } }
}

/**
 * Head sampling by trace: one in so many is told, with its weight where the sampler declares it.
 * Logs, metrics and statuses are not sampled.
 */
function* sampled(stream: Stream, { share, isDeclared }: DisturbanceOf<'sample'>) {
  const keeps = (one: Observation) => one.once === undefined || traceShare(one) < share
  for (const delivery of stream) {
    if (!delivery.observations) {
      yield delivery
      continue
    }
    const kept = delivery.observations.filter(keeps)
    const observations = isDeclared
      ? kept.map((one) => (one.once === undefined ? one : changed(one, { weight: 1 / share })))
      : kept
    if (observations.length > 0) yield { receivedUnixMs: delivery.receivedUnixMs, observations }
  }
}

/** The same for all spans of a trace, spread evenly over [0, 1). */
function traceShare({ field }: Observation): number {
  // The trace's id.
  const number = Number.parseInt(String(field('request_id')).slice(19), 16)
  return ((Math.imul(number | 0, 0x9e3779b1) >>> 0) / 4_294_967_296) % 1
}

interface Change {
  readonly atUnixMs?: number
  readonly startUnixMs?: number
  readonly weight?: number
}

/** The same observation, told with another time or weight. */
function changed(one: Observation, change: Change): Observation {
  const { unit, source, weight, field, once, traits, atUnixMs, startUnixMs } = one
  return {
    ...{ unit, source, weight, field, atUnixMs, startUnixMs },
    ...(once !== undefined && { once }),
    ...(traits && { traits }),
    ...(one.attempt && { attempt: one.attempt }),
    ...(one.request && { request: one.request }),
    ...change,
  }
}
