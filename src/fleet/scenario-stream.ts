import type { Observation, Source } from '../model/observation.ts'
import { ROUTE } from './fleet-plan.ts'
import { createRandom, type Random } from './random.ts'
import type { Delivery, Scenario } from './scenario.ts'
import { traceIdOf } from './scenario-asked.ts'
import { createCalendar } from './scenario-calendar.ts'
import { createScenarioFleet, type Outlets, type ScenarioFleet } from './scenario-fleet.ts'
import { createPlatform } from './scenario-platform.ts'
import { createPoison } from './scenario-poison.ts'
import { createRouterBook } from './scenario-routers.ts'
import { said } from './scenario-says.ts'
import { SeenAttempt, SeenRequest } from './scenario-seen.ts'
import { stagesOf } from './scenario-stages.ts'
import { createTraffic } from './scenario-traffic.ts'
import { createWeather, type Weather } from './scenario-weather.ts'

const COLLECTOR = 'workers'
const CHECKER: Source = { id: 'quality-checker-0', component: 'other' }

/**
 * What arrives at Signalbox of a scenario, in order of arrival and as it is drawn: routers export
 * by themselves, all others through one collector. A sender that is silent loses what it has.
 */
export function* streamScenario(scenario: Scenario): Generator<Delivery> {
  const random = createRandom(scenario.seed)
  const fleet = createScenarioFleet(scenario)
  const weatherAt = createWeather(scenario)
  const slices = createSlices({ scenario, fleet, random })
  const jitter = random.fork('network')
  const startMs = fleet.unixMs(0)
  const everyMs = scenario.load.exportEveryMs
  for (let fromS = 0; fromS < scenario.durationS; fromS += everyMs / 1_000) {
    const fromUnixMs = startMs + fromS * 1_000
    const untilUnixMs = fromUnixMs + everyMs
    const weather = weatherAt(fromS)
    const ready = slices.next({ fromUnixMs, untilUnixMs, weather })
    const arriving = ready.map(({ delivery, atUnixMs }) =>
      arrive(delivery, atUnixMs + 5 + jitter.unit() * 20),
    )
    yield* arriving.sort((a, b) => a.receivedUnixMs - b.receivedUnixMs)
  }
}

function arrive(delivery: Ready['delivery'], receivedUnixMs: number): Delivery {
  if ('observations' in delivery) return { ...delivery, receivedUnixMs }
  return { receivedUnixMs, status: { ...delivery.status, receivedUnixMs } }
}

interface Ready {
  readonly delivery:
    | { readonly observations: readonly Observation[] }
    | { readonly status: Omit<NonNullable<Delivery['status']>, 'receivedUnixMs'> }
  /** Exports of different senders do not leave at one moment. */
  readonly atUnixMs: number
}

interface Slice {
  readonly fromUnixMs: number
  readonly untilUnixMs: number
  readonly weather: Weather
}

function createSlices(options: {
  readonly scenario: Scenario
  readonly fleet: ScenarioFleet
  readonly random: Random
}) {
  const { scenario, fleet, random } = options
  const books = new Map(fleet.routers.map(({ id }) => [id, createRouterBook(ROUTE, id)]))
  const calendar = createCalendar(scenario.load.exportEveryMs)
  const platform = createPlatform({ scenario, fleet, random: random.fork('platform') })
  const retryWeatherAt = createWeather(scenario)
  const outlets = createOutlets({
    scenario,
    calendar,
    books,
    platform,
    random: random.fork('checks'),
  })
  const common = { scenario, fleet, outlets }
  const weatherAt = (unixMs: number) => retryWeatherAt((unixMs - fleet.unixMs(0)) / 1_000)
  const traffic = createTraffic({ ...common, random: random.fork('traffic'), weatherAt })
  const poison = createPoison(common)
  const statusesIn = ({ id, index, fromUnixMs, untilUnixMs }: StatusSpan): Ready[] => {
    const ready: Ready[] = []
    const { statusEveryMs } = scenario.load
    let atMs = (Math.floor(fromUnixMs / statusEveryMs) + 1) * statusEveryMs
    for (; atMs <= untilUnixMs; atMs += statusEveryMs) {
      const status = books.get(id)?.statusAt(atMs, fleet.generationNumberOf(id, atMs))
      const delivery = status && { status: { router: id, status } }
      if (delivery) ready.push({ delivery, atUnixMs: atMs + index * 110 })
    }
    return ready
  }
  let gone = new Set<string>()
  const reboot = (unixMs: number) => {
    const goneNow = new Set(
      fleet.routers.map(({ id }) => id).filter((id) => fleet.isGone(id, unixMs)),
    )
    for (const id of gone) if (!goneNow.has(id)) books.get(id)?.reboot()
    gone = goneNow
  }

  return {
    next({ fromUnixMs, untilUnixMs, weather }: Slice): Ready[] {
      outlets.weather = weather
      reboot(fromUnixMs)
      traffic.slice(fromUnixMs, untilUnixMs, weather)
      poison.slice(fromUnixMs, untilUnixMs, weather)
      const ready: Ready[] = []
      fleet.routers.forEach(({ id }, index) => {
        const observations = calendar.take(id, fromUnixMs)
        const statuses = statusesIn({ id, index, fromUnixMs, untilUnixMs })
        if (gone.has(id) || weather.silent.has(id) || weather.silent.has('all')) return
        const atUnixMs = untilUnixMs + 40 + index * 130
        const isTold = observations.length > 0 && !weather.silent.has(`${id} telemetry`)
        if (isTold) ready.push({ delivery: { observations }, atUnixMs })
        ready.push(...statuses)
      })
      const others = [
        ...calendar.take(COLLECTOR, fromUnixMs),
        ...platform.slice(fromUnixMs, untilUnixMs, weather),
      ].filter(({ source }) => !isSilent(source, weather))
      if (others.length > 0) {
        const delivery = { observations: others }
        ready.push({ delivery, atUnixMs: untilUnixMs + 90 })
      }
      return ready
    },
  }
}

interface StatusSpan {
  readonly id: string
  readonly index: number
  readonly fromUnixMs: number
  readonly untilUnixMs: number
}

function isSilent({ component, id }: Source, { silent }: Weather): boolean {
  return silent.has('all') || silent.has(id) || (component === 'worker' && silent.has('workers'))
}

/** Tells each thing where it is told from, when it ends. */
function createOutlets(options: {
  readonly scenario: Scenario
  readonly calendar: ReturnType<typeof createCalendar>
  readonly books: ReadonlyMap<string, ReturnType<typeof createRouterBook>>
  readonly platform: ReturnType<typeof createPlatform>
  readonly random: Random
}): Outlets & { weather: Weather | undefined } {
  const { scenario, calendar, books, platform, random } = options
  const { load } = scenario
  return {
    weather: undefined,
    attempt(tried) {
      calendar.add(tried.asked.router.id, new SeenAttempt(tried))
      books.get(tried.asked.router.id)?.add(tried)
    },
    request(tried) {
      calendar.add(tried.asked.router.id, new SeenRequest(tried))
      if (tried.outcome !== 'ok' || random.unit() >= load.checkedShare) return
      const isFlagged = random.unit() < (this.weather?.flaggedShare ?? load.flaggedShare)
      calendar.add(COLLECTOR, verdictOf(tried, isFlagged))
    },
    render(render) {
      for (const stage of stagesOf(render, load.hasStages)) calendar.add(COLLECTOR, stage)
      if (!render.failure) platform.rendered(render.worker.id)
    },
    log: (observation) => calendar.add(COLLECTOR, observation),
  }
}

const CHECK_MS = 2_500

/** What the checker says of a picture, a little later. */
function verdictOf(tried: Parameters<Outlets['request']>[0], isFlagged: boolean): Observation {
  const { asked, endUnixMs, target } = tried
  const fields = new Map<string, string | boolean>([
    ['event', 'signalbox.quality'],
    ['name', 'signalbox.quality'],
    ['signalbox.quality.typography', isFlagged],
    ['request_id', traceIdOf(asked)],
    ['route', asked.route],
    ['target', target],
    ['model', asked.model],
    ['variant', asked.variant],
    ['severity', 'info'],
    ['service', 'quality-checker'],
  ])
  return said({ unit: 'log', source: CHECKER, atUnixMs: endUnixMs + CHECK_MS, fields })
}
