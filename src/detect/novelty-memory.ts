/**
 * Which templates a group of a novelty rule has seen, and when last. Bounded, in two parts, so that
 * a flood of lines that each come once cannot push out what comes all the time: what was seen once
 * waits in a part of its own until it is seen again.
 */
export interface NoveltyMemory {
  /** Event time of the last sighting, up to `graceMs` too early. */
  lastSeen(id: string): number | undefined
  saw(id: string, atUnixMs: number): void
  clear(): void
  save(): SavedMemory
  /** Replaces everything; false, and empty, when `saved` is not that. Total. */
  load(saved: unknown): boolean
}

export interface SavedMemory {
  readonly once: readonly SavedSighting[]
  readonly often: readonly SavedSighting[]
}

export type SavedSighting = readonly [id: string, atUnixMs: number]

const OFTEN_MAX = 5_000
const ONCE_MAX = 1_000

export function createNoveltyMemory(options: { graceMs: number }): NoveltyMemory {
  const { graceMs } = options
  // Maps keep insertion order: what was seen longest ago stands first.
  const often = new Map<string, number>()
  const once = new Map<string, number>()
  const clear = () => {
    often.clear()
    once.clear()
  }
  return {
    lastSeen: (id) => often.get(id) ?? once.get(id),
    saw(id, atUnixMs) {
      const lastMs = often.get(id)
      if (lastMs !== undefined) {
        // Most lines are of templates seen a moment ago: they cost one look.
        if (atUnixMs - lastMs <= graceMs) return
        often.delete(id)
        often.set(id, atUnixMs)
        return
      }
      const onceMs = once.get(id)
      if (onceMs === undefined) put(once, { id, atUnixMs, countMax: ONCE_MAX })
      else {
        once.delete(id)
        put(often, { id, atUnixMs: Math.max(onceMs, atUnixMs), countMax: OFTEN_MAX })
      }
    },
    clear,
    save: () => ({ once: [...once], often: [...often] }),
    load(saved) {
      clear()
      const { once: first, often: more } = (saved ?? {}) as Partial<Record<string, unknown>>
      if (!areSightings(first, ONCE_MAX) || !areSightings(more, OFTEN_MAX)) return false
      for (const [id, atUnixMs] of first) once.set(id, atUnixMs)
      for (const [id, atUnixMs] of more) often.set(id, atUnixMs)
      return true
    },
  }
}

interface Sighting {
  readonly id: string
  readonly atUnixMs: number
  readonly countMax: number
}

function put(map: Map<string, number>, { id, atUnixMs, countMax }: Sighting): void {
  map.set(id, atUnixMs)
  if (map.size <= countMax) return
  const first = map.keys().next().value
  if (first !== undefined) map.delete(first)
}

function areSightings(value: unknown, countMax: number): value is readonly SavedSighting[] {
  if (!Array.isArray(value) || value.length > countMax) return false
  return value.every(
    (one) => Array.isArray(one) && typeof one[0] === 'string' && Number.isFinite(one[1]),
  )
}
