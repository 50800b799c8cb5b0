import { PRIMARY, ROUTE } from './fleet-plan.ts'
import type { Asked, Tried } from './scenario-asked.ts'
import { FAILURES } from './scenario-failures.ts'
import type { Outlets, ScenarioFleet } from './scenario-fleet.ts'
import { STABLE_VARIANT } from './scenario-people.ts'
import { logged } from './scenario-says.ts'
import type { Weather } from './scenario-weather.ts'

/** Requests that kill whoever renders them, and are tried again on the next worker. */
export interface Poison {
  slice(fromUnixMs: number, untilUnixMs: number, weather: Weather): void
}

const TRIES = 6
const DIES_AFTER_MS = 3_000
/** Above the numbers of ordinary requests. */
const NUMBER_FIRST = 2 ** 40

export function createPoison(options: {
  readonly fleet: ScenarioFleet
  readonly outlets: Outlets
}): Poison {
  const { fleet, outlets } = options
  let number = NUMBER_FIRST
  const strike = (startUnixMs: number) => {
    number++
    const router = fleet.pickRouter(0, startUnixMs)
    const asked: Asked = {
      ...{ number, startUnixMs, router, route: ROUTE, images: 1, class: 'txt2img/1024/30' },
      ...{
        model: 'sdxl-1.0',
        lora: '',
        variant: STABLE_VARIANT,
        region: 'eu-west',
        tenant: 'acme',
      },
      ...{ tier: 'pro', session: 'session-poison', promptTokens: 700 },
    }
    let last: Tried | undefined
    for (let index = 0; index < TRIES; index++) {
      const fromMs = startUnixMs + index * (DIES_AFTER_MS + 200)
      const worker = fleet.pickWorker(PRIMARY, ((number * 7 + index * 3) % 20) / 20, fromMs)
      const endUnixMs = fromMs + DIES_AFTER_MS
      const failure = FAILURES['out-of-memory']
      last = {
        ...{ asked, index, target: PRIMARY, role: 'primary', startUnixMs: fromMs, endUnixMs },
        ...{ outcome: 'failed', failure, statusCode: 500, cost: 3, attemptCount: 1 },
        generation: fleet.generationOf(router.id, fromMs),
      }
      outlets.attempt(last)
      outlets.render({ tried: last, worker, failure })
      outlets.log(logged({ worker, atUnixMs: endUnixMs, name: 'oom-22', asked }))
    }
    if (last) outlets.request({ ...last, target: '', startUnixMs, index: 63, attemptCount: TRIES })
  }
  return {
    slice(fromUnixMs, untilUnixMs, { poisonEveryS }) {
      if (poisonEveryS === undefined) return
      const everyMs = poisonEveryS * 1_000
      let atMs = Math.ceil(fromUnixMs / everyMs) * everyMs
      for (; atMs < untilUnixMs; atMs += everyMs) strike(atMs)
    },
  }
}
