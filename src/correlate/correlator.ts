import type { Timings } from '../config/timings.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type {
  Incident,
  IncidentChange,
  IncidentState,
  OutcomeBin,
  PageView,
} from '../model/incident.ts'
import type { Journal } from '../model/journal.ts'
import type { Observation } from '../model/observation.ts'
import type { Transition } from '../model/route.ts'
import type { ChangeEvent } from '../model/silence.ts'
import type { StateStore } from '../model/state-store.ts'
import type { Verdict } from '../model/verdict.ts'
import type { CorrelateEvents } from '../telemetry/correlate-events.ts'
import { createIncidentBook, type IncidentBook } from './book.ts'
import { type Cases, createCases } from './cases.ts'
import { type ChangeEvents, changeRow, concerns, createChangeEvents } from './change-events.ts'
import { createDismissals, type Dismissals } from './dismissals.ts'
import { createImpact } from './impact.ts'
import { withRow } from './lifecycle.ts'
import { createPeopleActions, type PeopleActions } from './people-actions.ts'
import { type Problem, toVerdicts } from './problem.ts'
import { createScopes, type Scopes } from './scopes.ts'
import { appendRows } from './timeline.ts'
import { foldTransition, opensIncident } from './transitions.ts'
import { foldVerdict } from './verdicts.ts'

const SWEEP_MS = 1_000
const CHANGES_REACH_MS = 3_600_000
const PAGES_MAX = 200

/** Folds verdicts and steps of routes into incidents: one per cause and route, with its timeline. */
export interface Correlator extends Part, PeopleActions {
  verdict(verdict: Verdict): void
  /** Pages once, and closes by itself when it stays quiet. */
  problem(problem: Problem): void
  transition(transition: Transition): void
  observe(observations: readonly Observation[]): void
  page(incidentId: string, page: PageView): void
  /** Without `at`, it happened now. */
  changeEvent(event: Omit<ChangeEvent, 'at'> & { readonly at?: string }): void
  /** Newest first. */
  list(state?: IncidentState): Incident[]
  get(id: string): Incident | undefined
  /** Request outcomes of the last 10 minutes, by start time. */
  outcomes(route: string): OutcomeBin[]
}

export interface CorrelatorOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly timings: Pick<Timings, 'suspectOpensMs' | 'impactBinMs' | 'partialMs'>
  readonly theta: number
  readonly quietForMs: number
  /** The id that `decide` gave the route's outage, if it has one. */
  routeIncident(route: string): string | undefined
  /** Routes whose policy names the rule in `on` or `with`; default none. */
  relatedRoutes?(rule: string): readonly string[]
  publish(change: IncidentChange): void
  /** The route's incident is over: `decide` may forget its id. */
  closed(route: string): void
  readonly journal: Journal
  readonly events: CorrelateEvents
}

export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { store, clock, timings, theta } = options
  const impact = createImpact({ clock, binMs: timings.impactBinMs, theta })
  const book = createIncidentBook({ ...options, impactOf: (route) => impact.recent(route).share })
  const scopes = createScopes({ book, relatedRoutes: options.relatedRoutes ?? (() => []) })
  const changes = createChangeEvents(store)
  const dismissals = createDismissals(book)
  const changeRowsSince = changes.rowsSince
  const cases = createCases({ ...options, book, scopes, impact, dismissals, changeRowsSince })
  let stopSweep: Cancel | undefined

  return {
    name: 'correlate',
    ...createFolding({ book, scopes, dismissals, cases, clock }),
    ...createPeopleActions({ book, clock, close: cases.close }),
    ...createAdditions({ book, clock, changes }),
    async start() {
      // Whoever listens hears of every open incident once more: a change may have been committed
      // and not told before the process died. Quiet time without us is not proof of quiet.
      for (const record of book.open()) {
        book.put({ ...record, quietSinceUnixMs: undefined }, 'updated')
      }
      stopSweep = clock.every(SWEEP_MS, cases.sweep)
    },
    async stop() {
      stopSweep?.()
      book.flush()
    },
    observe(observations) {
      for (const one of observations) impact.observe(one)
    },
    list: (state) =>
      book
        .all()
        .filter((record) => state === undefined || record.state === state)
        .map(book.view),
    get(id) {
      const record = book.find(id)
      return record && book.view(record)
    },
    outcomes: impact.outcomes,
  }
}

interface FoldingParts {
  readonly book: IncidentBook
  readonly scopes: Scopes
  readonly dismissals: Dismissals
  readonly cases: Cases
  readonly clock: Clock
}

function createFolding(
  parts: FoldingParts,
): Pick<Correlator, 'verdict' | 'problem' | 'transition'> {
  const { book, scopes, dismissals, cases, clock } = parts
  const fold = (verdict: Verdict) => {
    scopes.remember(verdict)
    const concerned = scopes.concernedBy(verdict)
    for (const record of concerned) {
      const folded = foldVerdict(record, verdict, clock.nowMs())
      if (folded.weight === 'news') book.put(folded.record, 'updated')
      else if (folded.weight === 'detail') book.putDetail(folded.record)
    }
    const isCause = verdict.severity === 'critical' && verdict.state === 'firing'
    if (concerned.length > 0 || !isCause || dismissals.hasVerdict(verdict)) return
    cases.openFor(verdict)
  }
  return {
    verdict: fold,
    problem(problem) {
      for (const verdict of toVerdicts(problem, clock.nowMs())) fold(verdict)
    },
    transition(transition) {
      const { route } = transition
      scopes.moved(transition)
      dismissals.moved(transition)
      const record = book.openFor(`route/${route}`)
      if (record) book.put(foldTransition(record, transition), 'updated')
      else if (opensIncident(transition) && !dismissals.hasRoute(route)) cases.openRoute(route)
    },
  }
}

interface AdditionParts {
  readonly book: IncidentBook
  readonly clock: Clock
  readonly changes: ChangeEvents
}

function createAdditions(parts: AdditionParts): Pick<Correlator, 'page' | 'changeEvent'> {
  const { book, clock, changes } = parts
  return {
    page(incidentId, page) {
      const record = book.find(incidentId)
      if (!record) return
      const text = `${page.level} page to ${page.receiver} (${page.phase}): ${page.outcome}`
      const row = { kind: 'page', text, evidence: { ...page } }
      const pages = [...record.pages, page].slice(-PAGES_MAX)
      book.put({ ...withRow(record, Date.parse(page.at), row), pages }, 'updated')
    },
    changeEvent(told) {
      const event = { at: new Date(clock.nowMs()).toISOString(), ...told }
      changes.add(event)
      if (Date.parse(event.at) < clock.nowMs() - CHANGES_REACH_MS) return
      for (const record of book.open()) {
        if (!concerns(event, record.route)) continue
        const timeline = appendRows(record.timeline, [changeRow(event)])
        book.put({ ...record, timeline }, 'updated')
      }
    },
  }
}
