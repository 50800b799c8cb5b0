import type { RequestOutcome, Role } from '../model/attempt.ts'
import { FALLBACK, PRIMARY } from './fleet-plan.ts'
import type { Random } from './random.ts'
import { workOf } from './request-classes.ts'
import type { Scenario } from './scenario.ts'
import type { Asked, Tried } from './scenario-asked.ts'
import { FAILURES, type Failure, type Where } from './scenario-failures.ts'
import type { Outlets, ScenarioFleet } from './scenario-fleet.ts'
import { createPeople } from './scenario-people.ts'
import type { Failing, Weather } from './scenario-weather.ts'

/** Requests, their tries, and what becomes of them. */
export interface Traffic {
  /** Everything that is asked in [fromUnixMs, untilUnixMs). */
  slice(fromUnixMs: number, untilUnixMs: number, weather: Weather): void
}

export interface TrafficOptions {
  readonly scenario: Scenario
  readonly fleet: ScenarioFleet
  readonly outlets: Outlets
  readonly random: Random
  weatherAt(unixMs: number): Weather
}

const RENDER_MS = 850
const EVEN_RENDER_MS = 100
const SPREAD = 0.3
const FALLBACK_TIMES = 0.8
const BACKOFF_MS = 20
const ANSWER_MS = 2
/** Of the request's own span; its tries come before. */
const REQUEST_INDEX = 63
const ABANDONED_MS = 10_000
const ABANDONED: Failure = { errorType: 'abandoned', statusCode: 499 }

export function createTraffic(options: TrafficOptions): Traffic {
  const { scenario, fleet, outlets, random } = options
  const { load } = scenario
  const { unit } = random
  const draw = createPeople(random.fork('people'))
  const try_ = createTry(options)
  let number = 0
  let nextUnixMs: number | undefined

  const ask = (startUnixMs: number, weather: Weather) => {
    number++
    const router = fleet.pickRouter(unit(), startUnixMs)
    const asked = draw({ number, startUnixMs, router }, weather)
    if (unit() < (weather.rejectedShare ?? load.rejectedShare)) {
      outlets.request(refused(asked, fleet.generationOf(router.id, startUnixMs)))
      return
    }
    const movedShare = weather.movedShare ?? load.fallbackShare
    const isFallback = movedShare > 0 && unit() < movedShare
    let last: Tried | undefined
    let startMs = startUnixMs
    let now = weather
    const countMax = weather.attemptsMax ?? load.attemptsMax
    const rescueAt = load.isRescued && !isFallback ? countMax : Number.POSITIVE_INFINITY
    for (let index = 0; index < countMax + Number(rescueAt === countMax); index++) {
      const target = isFallback || index >= rescueAt ? FALLBACK : PRIMARY
      last = try_({ asked, index, target, startMs, weather: now })
      if (last.outcome !== 'failed') break
      startMs = last.endUnixMs + BACKOFF_MS
      // A retry after a timeout meets what holds by then.
      if (startMs - startUnixMs > 1_000) now = options.weatherAt(startMs)
    }
    if (last) outlets.request(closed(asked, last))
  }

  return {
    slice(fromUnixMs, untilUnixMs, weather) {
      const perS = load.requestsPerS * weather.loadTimes * fleet.dayTimes(fromUnixMs)
      if (perS <= 0) {
        nextUnixMs = undefined
        return
      }
      const meanMs = 1_000 / perS
      const wait = () => (load.arrivals === 'even' ? meanMs : random.exponential(meanMs))
      let atUnixMs = nextUnixMs ?? fromUnixMs + wait()
      for (; atUnixMs < untilUnixMs; atUnixMs += wait()) ask(atUnixMs, weather)
      nextUnixMs = atUnixMs
    },
  }
}

interface TryOf {
  readonly asked: Asked
  readonly index: number
  readonly target: string
  readonly startMs: number
  readonly weather: Weather
}

function createTry({ scenario, fleet, outlets, random }: TrafficOptions) {
  const { load } = scenario
  const { unit } = random
  const isEven = load.arrivals === 'even'

  const renderMs = ({ asked, target, weather }: TryOf, place: Place) => {
    if (isEven) return EVEN_RENDER_MS
    const meanMs = RENDER_MS * workOf(asked.class) * (target === FALLBACK ? FALLBACK_TIMES : 1)
    let times = 1
    for (const slow of weather.slows) if (isAt(slow.where, place)) times *= slow.times
    const { tail } = weather
    if (tail && target === PRIMARY && unit() < tail.share) times *= tail.times
    return random.logNormal(meanMs, SPREAD) * times
  }
  const failureOf = (fails: readonly Failing[], place: Place): Failure | undefined => {
    for (const { share, failure, where } of fails)
      if (isAt(where, place) && unit() < share) return FAILURES[failure]
    return place.target === PRIMARY && unit() < load.failedShare ? FAILURES.unavailable : undefined
  }
  return (one: TryOf): Tried => {
    const { asked, index, target, startMs, weather } = one
    const worker = fleet.pickWorker(target, unit(), startMs)
    const place: Place = { asked, target, worker: worker.id, router: asked.router.id }
    const wholeMs = renderMs(one, place)
    const hang = weather.hangs.find(({ where }) => isAt(where, place))
    const killedUnixMs = fleet.killedUnixMs(worker.id, startMs)
    const isKilled = killedUnixMs <= startMs + wholeMs
    const failure = isKilled ? FAILURES.refused : failureOf(weather.fails, place)
    const lengthMs = isKilled ? killedUnixMs - startMs : (lengthOf(failure) ?? wholeMs)
    const outcome = outcomeOf({
      isHung: hang !== undefined,
      failure,
      cancels: unit() < load.cancelledShare,
    })
    const endUnixMs = hang ? fleet.unixMs(hang.untilS) + unit() * 1_000 : startMs + lengthMs
    const tried: Tried = {
      asked,
      index,
      target,
      role: roleOf(target),
      startUnixMs: startMs,
      endUnixMs,
      outcome,
      failure: outcome === 'failed' ? failure : undefined,
      statusCode: statusOf(outcome, failure),
      generation: fleet.generationOf(asked.router.id, startMs),
      cost: (failure?.afterMs === undefined ? wholeMs / 1_000 : 0) * weather.costTimes,
      attemptCount: 1,
    }
    outlets.attempt(tried)
    const isSeen = !hang && !isKilled && (failure ? 'exception' in failure : true)
    if (isSeen) outlets.render({ tried, worker, failure: tried.failure })
    return tried
  }
}

interface Place {
  readonly asked: Asked
  readonly target: string
  readonly worker: string
  readonly router: string
}

/** Nothing said of the target means the primary. */
function isAt(where: Where, { asked, target, worker, router }: Place): boolean {
  return (
    target === (where.target ?? PRIMARY) &&
    (where.router === undefined || where.router === router) &&
    (where.worker === undefined || where.worker === worker) &&
    (where.model === undefined || where.model === asked.model) &&
    (where.lora === undefined || where.lora === asked.lora) &&
    (where.variant === undefined || where.variant === asked.variant)
  )
}

function outcomeOf(facts: {
  readonly isHung: boolean
  readonly failure: Failure | undefined
  readonly cancels: boolean
}): RequestOutcome {
  if (facts.isHung) return 'cancelled'
  if (facts.failure) return 'failed'
  return facts.cancels ? 'cancelled' : 'ok'
}

const lengthOf = (failure: Failure | undefined) => failure?.afterMs

function statusOf(outcome: RequestOutcome, failure: Failure | undefined): number {
  if (outcome === 'cancelled') return 499
  return failure ? failure.statusCode : 200
}

function roleOf(target: string): Role {
  return target === PRIMARY ? 'primary' : 'fallback'
}

/** The request as its last try leaves it. People leave a hanging page: that is a failure. */
function closed(asked: Asked, last: Tried): Tried {
  const lengthMs = last.endUnixMs - asked.startUnixMs
  const isAbandoned = last.outcome === 'cancelled' && lengthMs > ABANDONED_MS
  return {
    asked,
    index: REQUEST_INDEX,
    target: last.outcome === 'ok' ? last.target : '',
    role: last.role,
    startUnixMs: asked.startUnixMs,
    endUnixMs: last.endUnixMs + ANSWER_MS,
    outcome: isAbandoned ? 'failed' : last.outcome,
    failure: isAbandoned ? ABANDONED : last.failure,
    statusCode: last.statusCode,
    generation: last.generation,
    cost: last.cost,
    attemptCount: last.index + 1,
  }
}

/** Refused at the door, for what it asks: no attempt is made. */
function refused(asked: Asked, generation: string): Tried {
  const { startUnixMs } = asked
  return {
    ...{
      asked,
      startUnixMs,
      generation,
      endUnixMs: startUnixMs + ANSWER_MS,
      index: REQUEST_INDEX,
      cost: 0,
    },
    ...{ target: '', role: 'unlisted', outcome: 'rejected', statusCode: 422, attemptCount: 0 },
    failure: undefined,
  }
}
