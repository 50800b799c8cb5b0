import type { Desired, StateData } from '../model/desired.ts'
import { compareGenerations, type Generation } from '../model/generation.ts'
import type { Memory } from './memory.ts'
import type { RouterEvent } from './router-event.ts'

const ROUTES_MAX = 1_000

/** The documents that are in force, one per route. */
export interface Applied {
  /** Replaces everything by what is on disk; called once, before anything is offered. */
  restore(): void
  /**
   * Compares, remembers and applies in one synchronous step: that is the lock. `newer` and `shares`
   * are on disk when this returns, if the disk can be written at all.
   */
  offer(data: StateData): 'newer' | 'shares' | 'older'
  /** Writes again what could not be written; nothing to do otherwise. */
  retrySave(): void
  get(route: string): StateData | undefined
  /** `0.0` for a route that was never told anything. */
  pair(route: string): Generation
  pairs(): Readonly<Record<string, Generation>>
  all(): ReadonlyMap<string, StateData>
  /** Highest version in force, 0 for none. */
  readonly version: number
}

export interface AppliedOptions {
  readonly memory: Memory
  emit(event: RouterEvent): void
}

export function createApplied({ memory, emit }: AppliedOptions): Applied {
  const routes = new Map<string, StateData>()
  let isUnsaved = false
  const pair = (route: string): Generation => {
    const { epoch = 0, generation = 0 } = routes.get(route) ?? {}
    return { epoch, generation }
  }
  const save = () => {
    try {
      memory.save(routes)
      isUnsaved = false
    } catch (cause) {
      // A full disk must not keep traffic on a dead target: applied now, written again later.
      isUnsaved = true
      emit({ kind: 'save_failed', reason: cause instanceof Error ? cause.message : String(cause) })
    }
  }

  return {
    restore() {
      routes.clear()
      for (const [route, data] of memory.load()) routes.set(route, data)
    },
    offer(data) {
      const own = routes.get(data.route)
      if (!own && routes.size >= ROUTES_MAX) return 'older'
      const order = compareGenerations(data, pair(data.route))
      const isShares = order === 0 && own !== undefined && data.version > own.version
      if (order < 0 || (order === 0 && !isShares)) return 'older'
      const next = own && isShares ? withShares(own, data) : withoutStamp(data)
      routes.set(data.route, next)
      save()
      emit({ kind: isShares ? 'shares' : 'applied', data: next })
      return isShares ? 'shares' : 'newer'
    },
    retrySave() {
      if (isUnsaved) save()
    },
    get: (route) => routes.get(route),
    pair,
    pairs: () => Object.fromEntries([...routes.keys()].map((route) => [route, pair(route)])),
    all: () => routes,
    get version() {
      return Math.max(0, ...[...routes.values()].map((data) => data.version))
    },
  }
}

/** `not_after` belongs to one delivery, not to the state. */
function withoutStamp({ not_after: _, ...data }: StateData): StateData {
  return data
}

/** Of a higher version under the same generation only the shares (`max_rps`) are taken. */
function withShares(own: StateData, offered: StateData): StateData {
  const targets = own.desired.targets.map((share) => {
    const twin = offered.desired.targets.find(({ target }) => target === share.target)
    if (!twin) return share
    const { max_rps: _, ...rest } = share
    return twin.max_rps === undefined ? rest : { ...rest, max_rps: twin.max_rps }
  })
  const rescue = { ...own.desired.rescue, max_rps: offered.desired.rescue.max_rps }
  const desired: Desired = { ...own.desired, targets, rescue }
  return { ...own, version: offered.version, desired }
}
