import { OUTCOMES } from './status-reading.ts'

// What counters and spans say of each route and target within one interval.

/** By route and target; maps in a map, since every attempt looks. */
export type Places = Map<string, Map<string, PlaceCounts>>

export interface PlaceCounts {
  readonly route: string
  readonly target: string
  /** By `OUTCOMES`. */
  readonly counted: number[]
  /** Weights of the spans that rules were shown. */
  readonly seen: number[]
}

export interface Lacking {
  readonly route: string
  readonly target: string
  /** Index in `OUTCOMES`. */
  readonly outcome: number
  readonly count: number
  readonly fromUnixMs: number
  readonly untilUnixMs: number
}

/** Of each; a status names few, but spans may name anything. */
const ROUTES_MAX = 64
const TARGETS_MAX = 16

/** Made when it is new; undefined when there is no room. */
export function placeIn(
  places: Places,
  { route, target }: Pick<PlaceCounts, 'route' | 'target'>,
): PlaceCounts | undefined {
  const targets = places.get(route)
  const known = targets?.get(target)
  if (known) return known
  if ((targets?.size ?? 0) >= TARGETS_MAX || (!targets && places.size >= ROUTES_MAX))
    return undefined
  const none = () => OUTCOMES.map(() => 0)
  const added = { route, target, counted: none(), seen: none() }
  if (targets) targets.set(target, added)
  else places.set(route, new Map([[target, added]]))
  return added
}

/** Where spans and counters agree, nothing is owed: most of the time nothing else is there. */
export function dropBalanced(places: Places): void {
  for (const [route, targets] of places) {
    for (const [target, { counted, seen }] of targets)
      if (counted.every((count, outcome) => count === seen[outcome])) targets.delete(target)
    if (targets.size === 0) places.delete(route)
  }
}

interface LackingQuery {
  readonly places: Places
  readonly fromUnixMs: number
  readonly untilUnixMs: number
}

/** @param owed by place and outcome, what earlier intervals left: part of one, or too many spans */
export function lackingIn(
  { places, fromUnixMs, untilUnixMs }: LackingQuery,
  owed: Map<string, number>,
): Lacking[] {
  const all = [...places.values()].flatMap((targets) => [...targets.values()])
  return all.flatMap(({ route, target, counted, seen }) =>
    [...OUTCOMES.keys()].flatMap((outcome) => {
      const id = `${route}\u0000${target}\u0000${outcome}`
      const sum = (owed.get(id) ?? 0) + (counted[outcome] ?? 0) - (seen[outcome] ?? 0)
      const count = Math.max(0, Math.floor(sum))
      owed.set(id, sum - count)
      return count > 0 ? [{ route, target, outcome, count, fromUnixMs, untilUnixMs }] : []
    }),
  )
}
