import type { Timings } from '../config/timings.ts'
import type { Patience } from './baseline.ts'
import { disruptionOf, type SessionDisruption } from './disruption.ts'
import type { Interval } from './interval.ts'
import type { QueryRunner } from './query.ts'
import {
  type SessionFailuresRow,
  type SessionsRow,
  sessionFailuresQuery,
  sessionsQuery,
} from './requests.ts'

export interface ReadDisruptionsOptions {
  readonly runner: QueryRunner
  readonly route: string
  readonly interval: Interval
  readonly horizonMs: number
  readonly deadlineMs: number
  readonly timings: Timings
  readonly patience: Patience
}

export interface Disruptions {
  readonly sessions: SessionsRow
  readonly disruptions: readonly SessionDisruption[]
}

/** c, by timings: 15 minutes. */
export const cutMsOf = (timings: Timings): number => timings.hourMs / 4

export async function readDisruptions(options: ReadDisruptionsOptions): Promise<Disruptions> {
  const { runner, route, interval, horizonMs, deadlineMs, timings, patience } = options
  const { t0Ms, t1Ms } = interval
  const cutMs = cutMsOf(timings)
  const within = { route, fromMs: t0Ms, toMs: t1Ms, deadlineMs }
  const sessions = await runner.one<SessionsRow>(sessionsQuery(within))
  const rows = await runner.run<SessionFailuresRow>(
    sessionFailuresQuery({
      ...within,
      toMs: t1Ms + cutMs,
      t1Ms,
      patience: patience.byClass,
      patienceMs: patience.allMs,
    }),
  )
  const bounds = { t0Ms, t1Ms, cutMs, horizonMs: Math.max(horizonMs, t1Ms) }
  const disruptions = rows.flatMap(({ failures }) => {
    const own = failures.map(([instantMs, backMs]) => ({
      instantMs,
      backMs: backMs > 0 ? backMs : undefined,
    }))
    return disruptionOf(own, bounds) ?? []
  })
  return { sessions, disruptions }
}
