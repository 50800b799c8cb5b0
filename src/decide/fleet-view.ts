import type { DecideContext } from './context.ts'

/** What routes have in common: shared targets and shared misfortune. */
export interface FleetView {
  /** Requests per second that all routes but `except` are meant to send to the target. */
  loadOn(target: string, except: readonly string[]): number
  /** Other routes on the same primary that want to leave it now. */
  movingAlong(route: string, primary: string): readonly string[]
  /** Distinct primaries left within the brake's time, `primary` included (S3). */
  primariesLeft(primary: string): number
}

export function createFleetView(context: DecideContext): FleetView {
  const { memory, targets, timings, clock } = context
  const nowMs = clock.nowMs()
  const others = (except: readonly string[]) =>
    context.routes().filter((route) => !except.includes(route))
  return {
    loadOn(target, except) {
      let rps = 0
      for (const route of others(except)) {
        const desired = memory.route(route)?.desired
        const weight = desired?.targets.find((one) => one.target === target)?.weight ?? 0
        if (weight > 0) rps += weight * targets.offeredRps(route, nowMs)
      }
      return rps
    },
    movingAlong: (route, primary) =>
      others([route]).filter(
        (other) =>
          context.live(other).wantsToMove &&
          context.policy(other)?.primary === primary &&
          ['suspect', 'blocked'].includes(memory.route(other)?.state ?? ''),
      ),
    primariesLeft(primary) {
      const left = new Set([primary])
      for (const route of context.routes()) {
        const movedMs = memory.route(route)?.movesUnixMs.at(-1)
        const own = context.policy(route)?.primary
        if (own === undefined || movedMs === undefined) continue
        if (nowMs - movedMs < timings.fleetBrakeMs) left.add(own)
      }
      return left.size
    },
  }
}
