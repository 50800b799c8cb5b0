import type { DetectorOptions } from '../../src/detect/detector.ts'
import { createCountedRouter } from './counted-router.ts'
import { createPlay } from './play.ts'

type Router = ReturnType<typeof createCountedRouter>

/** A count over everything shows whether anything came twice or never. */
export const COUNT = `
  - { id: count, kind: count, on: attempts, by: [router], window: 10m, trip: { at_least: 1000000 } }
`

/** Two routers that count, before a detector on the bench. */
export function createFleet(text: string, options: Partial<DetectorOptions> = {}) {
  const play = createPlay(text, options)
  const routers = ['router-1', 'router-2'].map((id) => createCountedRouter(play, id))
  for (const router of routers) router.tick()
  play.clock.turn(10)
  return toFleet(play, routers)
}

/** The same routers, before a detector that begins `downS` later. */
export function resumeFleet(
  before: ReturnType<typeof createFleet>,
  { downS, text, ...options }: Partial<DetectorOptions> & { downS: number; text: string },
) {
  const play = createPlay(text, options)
  play.clock.turn((before.nowS() + downS) * 1_000)
  for (const router of [before.one, before.two]) router.moveTo(play)
  void play.detector.start()
  return toFleet(play, [before.one, before.two])
}

function toFleet(play: ReturnType<typeof createPlay>, [one, two]: readonly Router[]) {
  if (!one || !two) throw new Error('two routers are needed')
  const endEach = () => {
    one.end()
    two.end()
  }
  const tick = () => {
    one.tick()
    two.tick()
  }
  return {
    ...play,
    one,
    two,
    /** Ten attempts a second of each, or what `each` does, and statuses. */
    play(untilS: number, each: () => void = endEach) {
      play.run(untilS, () => {
        each()
        tick()
      })
      tick()
      // What ends in the millisecond of a status is in it.
      play.clock.turn(10)
    },
    /** The group of a router under the rule `count`. */
    counted(router: string) {
      play.detector.judge()
      return play.detector.rule('count')?.groups.find(({ by }) => by.router === router)
    },
    async metric(name: string) {
      const found = await play.telemetry.registry.getSingleMetric(`signalbox_detect_${name}`)?.get()
      return found?.values[0]?.value
    },
  }
}
