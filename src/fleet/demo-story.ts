import { setTimeout as sleep } from 'node:timers/promises'
import type { RouteState } from '../model/desired.ts'
import type { Incident } from '../model/incident.ts'
import type { RouteView } from '../model/route.ts'
import type { DemoApi } from './demo-api.ts'
import type { Narrator } from './demo-narrator.ts'
import type { Fleet } from './fleet.ts'

// Incident A of 11 January 2024, in fast motion: a mid-day spike meets an autoscaler that cannot
// provision. Nothing is scripted per request: the spike is more than the workers there can render,
// lines grow, requests time out, and the rest follows.

const CALM_S = 200
const OUTAGE_S = 540
const MORNING_PER_S = 205
const NOON_PER_S = 320
const AFTERNOON_PER_S = 250
const LOOK_EVERY_MS = 500
const TELL_EVERY_MS = 2_000

export interface StoryOptions {
  readonly fleet: Fleet
  readonly api: DemoApi
  readonly narrator: Narrator
  /** Divides the seconds above. */
  readonly speed: number
  readonly signal: AbortSignal
}

/** Plays the incident until it is resolved. @throws Error when something expected does not happen */
export async function playStory(options: StoryOptions): Promise<Incident> {
  const { fleet, narrator, speed, signal } = options
  const watch = createWatch(options)
  const pause = (seconds: number) => sleep((seconds * 1_000) / speed, undefined, { signal })
  try {
    narrator.phase('Morning: everybody is served by cloud-eu.')
    fleet.setRate(MORNING_PER_S)
    await pause(CALM_S)

    narrator.phase('Mid-day spike. The autoscaler asks for more GPUs, and there are none.')
    fleet.setProvisioning(false)
    fleet.setRate(NOON_PER_S)
    await watch.until(['engaging', 'fallback'], 480)
    const spikeMs = performance.now()

    narrator.phase('Failed over. edge-local serves, a trickle watches cloud-eu, pods are pending.')
    await watch.until(['fallback'], 60)
    await pause(Math.max(0, OUTAGE_S - ((performance.now() - spikeMs) / 1_000) * speed))

    narrator.phase('The allocation is corrected: nodes join, pods become ready.')
    fleet.setProvisioning(true)
    await pause(60)
    fleet.setRate(AFTERNOON_PER_S)
    await watch.until(['ramping'], 900)

    narrator.phase('cloud-eu has proven itself: traffic comes back step by step.')
    await watch.until(['primary'], 900)

    narrator.phase('Back at cloud-eu. The incident closes after a quiet while.')
    return await watch.untilResolved(600)
  } finally {
    watch.stop()
  }
}

/** Looks at the route twice a second, and tells what changed. */
function createWatch({ fleet, api, narrator, speed, signal }: StoryOptions) {
  let view: RouteView | undefined
  let toldMs = performance.now()
  let fault: unknown
  const look = async () => {
    const before = view?.state
    view = await api.route()
    if (before !== undefined && view.state !== before) {
      narrator.event(`preview: ${before} -> ${view.state} (${view.epoch}.${view.generation})`)
    }
    const overMs = performance.now() - toldMs
    if (overMs < TELL_EVERY_MS) return
    toldMs = performance.now()
    const { replicas } = fleet
    narrator.progress({ answers: fleet.takeAnswers(), overS: overMs / 1_000, view, replicas })
  }
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    look()
      .catch((cause: unknown) => {
        fault = cause
      })
      .finally(() => {
        isLooking = false
      })
  }, LOOK_EVERY_MS)

  const wait = async (holds: () => Promise<boolean> | boolean, limit: Limit) => {
    const endMs = performance.now() + (limit.seconds * 1_000) / speed
    while (!(await holds())) {
      if (fault !== undefined) throw fault
      if (performance.now() > endMs) {
        throw new Error(`${limit.what} did not happen in time; blockers: ${await api.blockers()}`)
      }
      await sleep(LOOK_EVERY_MS / 5, undefined, { signal })
    }
  }
  return {
    until: (states: readonly RouteState[], seconds: number) =>
      wait(() => view !== undefined && states.includes(view.state), {
        what: `preview becoming ${states.join(' or ')}`,
        seconds,
      }),
    async untilResolved(seconds: number): Promise<Incident> {
      let incident: Incident | undefined
      await wait(
        async () => {
          incident = await api.incident()
          await sleep(LOOK_EVERY_MS, undefined, { signal })
          return incident?.state === 'resolved'
        },
        { what: 'the incident being resolved', seconds },
      )
      if (!incident) throw new Error('there is no incident')
      return incident
    },
    stop: () => clearInterval(timer),
  }
}

interface Limit {
  readonly seconds: number
  readonly what: string
}
