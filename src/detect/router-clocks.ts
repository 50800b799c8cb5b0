/**
 * How far the clocks of routers are off, from the clock that each status carries: the least distance
 * to its arrival within a minute or two, of the router whose clock is worst. The way here is in it,
 * so it is some milliseconds too much.
 */
export interface RouterClocks {
  heard(router: string, said: { readonly clock: string; readonly receivedUnixMs: number }): void
  forget(router: string): void
  /** Undefined when no router said. */
  skewMs(): number | undefined
}

interface Off {
  /** Least distance in the minute that began then, and in the one before. */
  fromUnixMs: number
  leastMs: number
  beforeMs: number
}

const MINUTE_MS = 60_000
const ROUTERS_MAX = 1_000

export function createRouterClocks(): RouterClocks {
  const offs = new Map<string, Off>()
  return {
    forget: (router) => offs.delete(router),
    heard(router, { clock, receivedUnixMs }) {
      const offMs = Math.abs(receivedUnixMs - Date.parse(clock))
      if (!Number.isFinite(offMs)) return
      const known = offs.get(router)
      if (!known) {
        if (offs.size >= ROUTERS_MAX) return
        offs.set(router, { fromUnixMs: receivedUnixMs, leastMs: offMs, beforeMs: offMs })
      } else if (Math.abs(receivedUnixMs - known.fromUnixMs) < MINUTE_MS) {
        known.leastMs = Math.min(known.leastMs, offMs)
      } else {
        offs.set(router, {
          fromUnixMs: receivedUnixMs,
          leastMs: offMs,
          beforeMs: known.leastMs,
        })
      }
    },
    skewMs() {
      let worstMs: number | undefined
      for (const { leastMs, beforeMs } of offs.values())
        worstMs = Math.max(worstMs ?? 0, Math.min(leastMs, beforeMs))
      return worstMs
    },
  }
}
