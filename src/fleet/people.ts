import type { Random } from './random.ts'
import { REGIONS, REQUEST_CLASSES, type RequestClass } from './request-classes.ts'

/** Someone at a browser: makes images now and then, and tries again when one fails. */
export interface Person {
  readonly session: string
  readonly region: string
  /** Which router their connection goes to. */
  readonly router: number
  triesLeft: number
}

/** Who asks next, and for what. */
export interface Crowd {
  /** Takes someone who is not waiting for an image; a new one when all are. */
  take(): Person
  /** Gives them back after their image; a few leave for good. */
  giveBack(person: Person): void
  order(): { readonly class: RequestClass; readonly prompt: string }
}

export interface CrowdOptions {
  readonly random: Random
  readonly routerCount: number
  /** Idle people; the longest idle asks next, so this sets the pause between images. */
  readonly countMin: number
}

export const TRIES_MAX = 6
const LEAVES = 0.08
const REFUSED = 0.003

export function createCrowd({ random, routerCount, countMin }: CrowdOptions): Crowd {
  const idle: Person[] = []
  let born = 0
  const create = (): Person => {
    born += 1
    return {
      session: `s-${born.toString(36).padStart(5, '0')}`,
      region: random.pick(REGIONS).name,
      router: Math.floor(random.unit() * routerCount),
      triesLeft: TRIES_MAX,
    }
  }
  return {
    take: () => (idle.length < countMin ? create() : (idle.shift() ?? create())),
    giveBack(person) {
      if (random.unit() >= LEAVES) idle.push({ ...person, triesLeft: TRIES_MAX })
    },
    order: () => ({
      class: random.pick(REQUEST_CLASSES),
      prompt: random.unit() < REFUSED ? 'a forbidden thing' : 'a lighthouse at dusk, oil on canvas',
    }),
  }
}
