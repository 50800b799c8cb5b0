import { randomBytes } from 'node:crypto'
import type { Failover } from '../config/failover.ts'
import type { Part } from '../lib/part.ts'
import type { RouteAction, RouteActionResult } from '../model/action.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Answered } from '../model/delivery.ts'
import type { StateDocument } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { RouteView } from '../model/route.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Verdict } from '../model/verdict.ts'
import { createAssembly } from './assembly.ts'
import type { ControllerOptions } from './controller-options.ts'

/**
 * The failover controller: one state machine per route, judged every 100 ms and on every verdict,
 * status and answer. A decision is committed to the state store before anyone hears of it; what
 * leaves here is always the whole desired state, never a command. A transition whose pair is new
 * to routers says so in `evidence.isNewGeneration`: decision windows start anew there.
 */
export interface Controller extends Part {
  verdict(verdict: Verdict): void
  observe(observations: readonly Observation[]): void
  status(received: ReceivedStatus): void
  answered(answer: Answered): void
  /** The incident of the route is over: the next one gets an id of its own. */
  incidentClosed(route: string): void
  act(route: string, action: RouteAction): RouteActionResult
  pause(actor: string, reason: string): void
  resume(actor: string): void
  /** Forgets a router that was taken out of service. False when it was not known. */
  forgetRouter(router: string): boolean
  /** The router has traffic on the route, or sends status: its silence would be missed. */
  hears(route: string, router: string): boolean
  state(): StateDocument
  views(): readonly RouteView[]
  view(route: string): RouteView | undefined
  explain(route: string): unknown
  /** Puts another file in force, under a new revision; runtime state is kept. */
  reload(failover: Failover): void
  /** The pair that the attempt's router had observed (else answered, else was told) at its start. */
  pairOf(attempt: Attempt): Generation | undefined
}

const TICK_MS = 100
const ROUNDS_MAX = 3

export function createController(options: ControllerOptions): Controller {
  const { clock } = options
  const assembly = createAssembly({
    ...options,
    createIncidentId: options.createIncidentId ?? (() => newIncidentId(clock.nowMs())),
  })
  let cancel: (() => void) | undefined
  const dirty = new Set<string>()
  let isBusy = false

  // Publishing may call back in (detect restarts its windows and judges anew): such a look is
  // taken after the present one, never inside it.
  const look = (routes: readonly string[]) => {
    for (const route of routes) dirty.add(route)
    if (!cancel || isBusy) return
    isBusy = true
    try {
      for (let round = 0; round < ROUNDS_MAX && dirty.size > 0; round++) {
        const now = [...dirty]
        dirty.clear()
        assembly.evaluate(now)
      }
    } finally {
      isBusy = false
    }
  }
  const lookAtAll = () => look(assembly.context.routes())
  const tick = () => {
    assembly.tick()
    lookAtAll()
  }
  /** Takes in something while running, then looks at the routes that it concerns. */
  const then = <A extends readonly unknown[]>(
    run: (...args: A) => readonly string[] | undefined,
  ) => {
    return (...args: A) => {
      if (!cancel) return
      const routes = run(...args)
      if (routes === undefined) lookAtAll()
      else if (routes.length > 0) look(routes)
    }
  }

  return {
    name: 'decide',
    async start() {
      if (cancel) return
      assembly.start()
      cancel = clock.every(TICK_MS, tick)
    },
    async stop() {
      cancel?.()
      cancel = undefined
      assembly.stop()
    },
    verdict: then(assembly.verdict),
    observe(observations) {
      if (cancel) assembly.intake.observe(observations)
    },
    status: then(assembly.intake.status),
    answered: then(assembly.intake.answered),
    incidentClosed: then(assembly.incidentClosed),
    act(route, action) {
      const result = assembly.act(route, action)
      look([route])
      const view = result.status === 'ok' ? assembly.view(route) : undefined
      return view ? { status: 'ok', view } : result
    },
    pause: then((actor: string, reason: string) => assembly.pause({ actor, reason })),
    resume: then((_actor: string) => assembly.pause(undefined)),
    forgetRouter: (router) => assembly.context.book.forget(router),
    hears: assembly.hears,
    state: assembly.state,
    views: () => assembly.context.routes().flatMap((route) => assembly.view(route) ?? []),
    view: assembly.view,
    explain: assembly.explain,
    reload: then(assembly.reload),
    pairOf: (attempt) => assembly.context.routers.pairOf(attempt),
  }
}

/** Sortable by time, and not to be guessed. */
function newIncidentId(nowMs: number): string {
  return `inc_${Math.floor(nowMs).toString(36).padStart(9, '0')}${randomBytes(5).toString('hex')}`
}
