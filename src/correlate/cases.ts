import type { Timings } from '../config/timings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Verdict } from '../model/verdict.ts'
import type { IncidentBook } from './book.ts'
import type { Dismissals } from './dismissals.ts'
import type { Impact } from './impact.ts'
import { advance } from './lifecycle.ts'
import { openRecord } from './opening.ts'
import { createIncidentId, type IncidentRecord } from './record.ts'
import { routeOf, type Scopes } from './scopes.ts'
import type { TimelineRow } from './timeline.ts'

const CHANGES_REACH_MS = 3_600_000

/** Opening, ageing and closing of incidents. */
export interface Cases {
  openRoute(route: string): void
  openFor(cause: Verdict): void
  close(record: IncidentRecord): void
  /** What time alone does to them; saves what was left unsaved. */
  sweep(): void
}

export interface CasesOptions {
  readonly book: IncidentBook
  readonly scopes: Scopes
  readonly impact: Impact
  readonly dismissals: Dismissals
  readonly clock: Clock
  readonly timings: Pick<Timings, 'suspectOpensMs' | 'partialMs'>
  readonly theta: number
  readonly quietForMs: number
  routeIncident(route: string): string | undefined
  closed(route: string): void
  changeRowsSince(fromUnixMs: number, route: string | undefined): TimelineRow[]
}

export function createCases(options: CasesOptions): Cases {
  const { book, scopes, impact, dismissals, clock, timings, theta, quietForMs } = options
  const open = (route: string | undefined, cause?: Verdict) => {
    const nowMs = clock.nowMs()
    const given = route === undefined ? undefined : options.routeIncident(route)
    const isNew = given !== undefined && !book.find(given)
    const record = openRecord({
      id: isNew ? given : createIncidentId(nowMs),
      scope: route === undefined ? `rule/${cause?.rule ?? ''}` : `route/${route}`,
      nowMs,
      ...(route !== undefined && { route }),
      ...(cause && { cause }),
      breached: route === undefined ? [] : scopes.breachedFor(route, cause),
      transitions: route === undefined ? [] : scopes.transitionsOf(route),
      changes: options.changeRowsSince(nowMs - CHANGES_REACH_MS, route),
    })
    book.put(record, 'opened')
  }
  const close = (record: IncidentRecord) => {
    book.put(record, 'resolved')
    dismissals.closed(record)
    if (record.route !== undefined) options.closed(record.route)
  }
  const age = (record: IncidentRecord) => {
    const { route, movedUnixMs, state } = record
    const isSought = route !== undefined && movedUnixMs !== undefined && state === 'open'
    const step = advance(record, {
      nowMs: clock.nowMs(),
      quietForMs,
      silentMs: timings.partialMs,
      theta,
      heldAtMs: isSought ? impact.heldAtMs(route, movedUnixMs) : undefined,
      recent: route === undefined ? { share: null, count: 0 } : impact.recent(route),
    })
    if (!step) return
    if (step.phase === 'resolved') close(step.record)
    else if (step.phase) book.put(step.record, step.phase)
    else book.putDetail(step.record)
  }
  return {
    close,
    openRoute: (route) => open(route),
    openFor: (cause) => open(routeOf(cause), cause),
    sweep() {
      for (const route of scopes.suspectSince(clock.nowMs() - timings.suspectOpensMs)) {
        if (!dismissals.hasRoute(route) && !book.openFor(`route/${route}`)) open(route)
      }
      for (const record of book.open()) age(record)
      book.flush()
    },
  }
}
