import type { Group } from '../model/verdict.ts'

/** From firing to clearing, of one group of a rule, by event time. */
export interface Episode {
  readonly rule: string
  readonly by: Group
  readonly firedUnixMs: number
  clearedUnixMs: number | undefined
}

/** What a verdict says of it. */
export interface Told {
  readonly rule: string
  readonly by: Group
  readonly effect: string
  readonly atUnixMs: number
}

export interface Episodes {
  /** Verdicts in the order in which they were told. */
  add(told: Told): void
  /** Those that fired at or after `from`. */
  since(fromUnixMs: number): readonly Episode[]
}

/** Of all groups; further ones are not kept, and counted. */
const EPISODES_MAX = 100_000

export function createEpisodes(): Episodes {
  const open = new Map<string, Episode>()
  const all: Episode[] = []
  return {
    add({ rule, by, effect, atUnixMs }) {
      const key = keyOf(rule, by)
      const firing = open.get(key)
      if (effect === 'firing') {
        if (firing || all.length >= EPISODES_MAX) return
        const episode = { rule, by, firedUnixMs: atUnixMs, clearedUnixMs: undefined }
        open.set(key, episode)
        all.push(episode)
      } else if (firing) {
        firing.clearedUnixMs = atUnixMs
        open.delete(key)
      }
    },
    since: (fromUnixMs) => all.filter(({ firedUnixMs }) => firedUnixMs >= fromUnixMs),
  }
}

export function keyOf(rule: string, by: Group): string {
  const sorted = Object.entries(by).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([rule, sorted])
}
