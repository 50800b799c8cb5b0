import { compareGenerations, type Generation } from '../model/generation.ts'
import type { DecideEvents } from '../telemetry/decide-events.ts'
import { type DecideContext, pairOf } from './context.ts'
import { createGenerationStats } from './generation-stats.ts'
import type { Ledger } from './ledger.ts'

export interface Claim {
  readonly router: string
  readonly route: string
  readonly pair: Generation
}

/**
 * A router that knows a newer pair than we do has seen the future of a restored backup: we take
 * the epoch after its own, and send every route anew, so that routers listen to us again.
 */
export function createTakeover(options: {
  readonly context: DecideContext
  readonly ledger: Ledger
  readonly events: DecideEvents
}): (claim: Claim) => void {
  const { context, ledger, events } = options
  const { memory, clock } = context
  return ({ router, route, pair }) => {
    if (!isSound(pair)) {
      events.pairRefused({ router, ...pair })
      return
    }
    const isKnown = context.policy(route) !== undefined
    const own = isKnown ? pairOf(context, route) : { ...pair, epoch: memory.controller.epoch }
    if (compareGenerations(pair, own) <= 0) return
    const epoch = pair.epoch + 1
    const nowMs = clock.nowMs()
    let { version } = memory.controller
    const routes = memory.routes.map((record) => ({
      ...record,
      version: ++version,
      decidedUnixMs: nowMs,
      generationUnixMs: nowMs,
      proof: {},
    }))
    memory.commit({ controller: { epoch, version }, routes })
    events.epochTaken({ router, epoch })
    for (const name of context.routes()) {
      const taken = pairOf(context, name)
      context.routers.decided(name, taken, nowMs)
      context.live(name).stats = createGenerationStats(taken)
      const text = `${router} reported ${pair.epoch}.${pair.generation}: everything is sent anew under epoch ${epoch}`
      const evidence = { isNewGeneration: true, router, pair }
      ledger.announce(name, { kind: 'generation', text, evidence })
    }
  }
}

/** Two counters that can still be counted up. */
function isSound({ epoch, generation }: Generation): boolean {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
  return isCount(epoch) && isCount(generation) && epoch < Number.MAX_SAFE_INTEGER
}
