import type { Clock } from '../lib/clock.ts'
import type { Desired, StateData } from '../model/desired.ts'
import { formatGeneration, type Generation } from '../model/generation.ts'
import type { Applied } from './applied.ts'
import { createBudgets } from './budget.ts'
import type { Picked } from './forward.ts'
import { onlyTarget, type PickRequest, pickShare, rescueOrder } from './pick.ts'

/** What a router knows of a route without anybody's help. */
export interface StaticRoute {
  readonly primary: string
  readonly fallbacks: readonly string[]
  /** Until a document says otherwise; default 20 requests/s and 3 s. */
  readonly rescue?: { readonly maxRps: number; readonly attemptTimeoutMs: number }
}

/** Turns the documents in force into targets of single requests. */
export interface Choosing {
  /** Where the request goes. @throws Error for a route that neither options nor documents name */
  pick(request: PickRequest): Picked
  /** Takes one rescue: where to retry what `failed` did not serve; undefined when the budget is spent. */
  rescue(request: PickRequest, failed: string): Picked | undefined
}

export interface ChoosingOptions {
  readonly routes: Readonly<Record<string, StaticRoute>>
  readonly clock: Clock
  random(): number
  readonly applied: Pick<Applied, 'get'>
  isReverted(route: string): boolean
}

const UNTOLD: Generation = { epoch: 0, generation: 0 }

export function createChoosing(options: ChoosingOptions): Choosing {
  const { applied, random } = options
  const shares = createBudgets(options.clock)
  const rescues = createBudgets(options.clock)

  /** The state to serve by, and the pair that spans carry: `0.0` when it is nobody's decision. */
  const inForce = (route: string): { desired: Desired; pair: Generation } => {
    const data: StateData | undefined = applied.get(route)
    const own = options.routes[route]
    if (data && !options.isReverted(route)) return { desired: data.desired, pair: data }
    if (!own) throw new Error(`route ${route} is not known to this router`)
    const rescue = data?.desired.rescue
    const fallback = {
      order: [...own.fallbacks],
      max_rps: rescue?.max_rps ?? own.rescue?.maxRps ?? 20,
      attempt_timeout_ms: rescue?.attempt_timeout_ms ?? own.rescue?.attemptTimeoutMs ?? 3_000,
    }
    return { desired: onlyTarget(own.primary, fallback), pair: UNTOLD }
  }
  const toPicked = (request: PickRequest, target: string): Picked => {
    const { desired, pair } = inForce(request.route)
    const share = desired.targets.find((one) => one.target === target)
    return {
      target,
      generation: formatGeneration(pair),
      rescueOrder: rescueOrder({ desired, request, failed: target }),
      attemptTimeoutMs: desired.rescue.attempt_timeout_ms,
      ...(share?.label !== undefined && { label: share.label }),
      ...(share?.params !== undefined && { params: share.params }),
    }
  }

  return {
    pick(request) {
      const { route } = request
      const { desired } = inForce(route)
      const heaviest = [...desired.targets].sort((a, b) => b.weight - a.weight)[0]?.target ?? ''
      const share = pickShare({
        desired,
        request,
        otherwise: options.routes[route]?.primary ?? heaviest,
        random,
        takeShare: (target, maxRps) => shares.take(JSON.stringify([route, target]), maxRps),
      })
      return toPicked(request, share.target)
    },
    rescue(request, failed) {
      const { desired } = inForce(request.route)
      const [target] = rescueOrder({ desired, request, failed })
      if (target === undefined || !rescues.take(request.route, desired.rescue.max_rps))
        return undefined
      return toPicked(request, target)
    },
  }
}
