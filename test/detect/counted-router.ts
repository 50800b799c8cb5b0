import type { RequestOutcome } from '../../src/model/attempt.ts'
import type { Generation } from '../../src/model/generation.ts'
import type { ReceivedStatus, RouterStatus } from '../../src/model/router-status.ts'
import type { createPlay } from './play.ts'

type Play = ReturnType<typeof createPlay>

const ENDED = { started: 0, ok: 0, failed: 0, rejected: 0, cancelled: 0 }

/** A router on the bench that counts what ends, and whose spans come or do not. */
export function createCountedRouter(bench: Play, id: string) {
  let play = bench
  const totals = new Map<string, typeof ENDED>()
  let boot = 1
  let toldS = -1
  const router = {
    id,
    /** Whether spans come; a number is the share that does, evenly. */
    exports: true as boolean | number,
    inflight: 0,
    oldestMs: 0,
    observed: undefined as Generation | undefined,
    /** How many ended since the test began. */
    endedCount: 0,
    end(outcome: RequestOutcome = 'ok', fields: Record<string, string> = {}) {
      const { target = 'cloud' } = fields
      const total = totals.get(target) ?? { ...ENDED }
      totals.set(target, total)
      total[outcome]++
      total.started++
      router.endedCount++
      const share = Number(router.exports)
      const isTold =
        Math.floor(router.endedCount * share) > Math.floor((router.endedCount - 1) * share)
      if (isTold)
        play.send('attempt', { router: id, route: 'preview', target: 'cloud', outcome, ...fields })
    },
    /** Signalbox has started anew; the router has not. */
    moveTo(next: Play) {
      play = next
    },
    reboot() {
      boot++
      totals.clear()
    },
    statusNow(): ReceivedStatus {
      const atUnixMs = play.clock.nowMs()
      const { inflight, oldestMs: oldest_ms, observed } = router
      const targets = [...totals].map(([target, total]) => [
        target,
        { ...total, inflight, oldest_ms },
      ])
      const status: RouterStatus = {
        boot_id: `${id}-${boot}`,
        clock: new Date(atUnixMs).toISOString(),
        observed: observed ? { preview: observed } : {},
        routes: targets.length > 0 ? { preview: { targets: Object.fromEntries(targets) } } : {},
      }
      return { router: id, receivedUnixMs: atUnixMs, status }
    },
    /** Sends a status when a second has passed since the last one. */
    tick() {
      const second = Math.floor(play.nowS() + 1e-9)
      if (second === toldS) return
      toldS = second
      play.detector.status(router.statusNow())
    },
  }
  return router
}
