import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Answered } from '../model/delivery.ts'
import { compareGenerations, type Generation, parseGeneration } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import { type DecideContext, pairOf, recordOf } from './context.ts'
import { noteAttempt } from './generation-stats.ts'
import type { Ledger } from './ledger.ts'
import { focusOf } from './record.ts'
import { hasReached } from './router-book.ts'
import type { Claim } from './takeover.ts'

// What comes in from routers: spans, statuses, answers. Each is a witness of its own kind.

export interface Intake {
  observe(observations: readonly Observation[]): void
  /** Returns the routes whose proof it has moved forward. */
  status(received: ReceivedStatus): readonly string[]
  answered(answer: Answered): readonly string[]
}

export interface IntakeOptions {
  readonly context: DecideContext
  readonly ledger: Ledger
  /** Looks whether the pair that a router reports is newer than ours. */
  claim(claim: Claim): void
}

/** Spans come at least once: so many are remembered, in two halves. */
const SEEN_MAX = 50_000
const EXPORT_DELAY_MAX_MS = 60_000
const ATTEMPT = 1
const REQUEST = 2

export function createIntake({ context, ledger, claim }: IntakeOptions): Intake {
  const { book, clock, demand, throughput } = context
  const seen = createRecentKeys({ countMax: SEEN_MAX / 2 })

  const witness = createWitness(context, ledger)
  const onAttempt = createAttemptIntake(context, witness)

  return {
    observe(observations) {
      const nowMs = clock.nowMs()
      for (const observation of observations) {
        const { unit, attempt, once } = observation
        if (unit === 'metric') throughput.observe(observation)
        if (unit !== 'attempt' && unit !== 'request') continue
        if (once !== undefined && !seen.isNew(once, unit === 'attempt' ? ATTEMPT : REQUEST))
          continue
        demand.note(observation, nowMs)
        if (unit === 'attempt' && attempt) onAttempt(attempt, nowMs)
      }
    },
    status({ router, status }) {
      const nowMs = clock.nowMs()
      const isKnownRoute = (route: string) => context.policy(route) !== undefined
      const started = book.status({ router, status, nowMs, isKnownRoute })
      for (const [route, count] of started) context.live(route).stats.started += count
      return Object.entries(status.observed).flatMap(([route, pair]) => {
        claim({ router, route, pair })
        if (!isKnownRoute(route)) return []
        const said = { router, route, pair, kind: 'observed', via: 'status' } as const
        const stamps = { routerClock: status.clock }
        return witness({ ...said, sinceUnixMs: nowMs, stamps }) ? [route] : []
      })
    },
    answered({ router, route, observed: pair, atUnixMs, sentUnixMs, clockOffsetMs }) {
      if (!context.policy(route)) return []
      claim({ router, route, pair })
      const entry = book.of(router, clock.nowMs())
      if (entry) entry.lastSeenUnixMs = clock.nowMs()
      const said = { router, route, pair, kind: 'answered', via: 'answer' } as const
      const stamps = { sentUnixMs, answeredUnixMs: atUnixMs, clockOffsetMs }
      return witness({ ...said, sinceUnixMs: atUnixMs, stamps }) ? [route] : []
    },
  }
}

/** True when it was news. */
type Witness = (said: Said) => boolean

interface Said {
  readonly router: string
  readonly route: string
  readonly pair: Generation
  readonly kind: 'observed' | 'answered'
  readonly via: 'status' | 'span' | 'answer'
  readonly sinceUnixMs: number
  readonly stamps: Readonly<Record<string, unknown>>
}

/** Publishes the first time that a router is seen to have reached the present pair. */
function createWitness(context: DecideContext, ledger: Ledger): Witness {
  const { book, clock } = context
  return (said) => {
    const { router, route, pair, kind, via } = said
    const entry = book.of(router, clock.nowMs())
    if (!entry) return false
    const own = book.route(entry, route)
    const current = pairOf(context, route)
    const history = kind === 'observed' ? own.observed : own.answered
    const hadReached = hasReached(history, current)
    history.add(pair, said.sinceUnixMs)
    if (hadReached || !hasReached(history, current)) return false
    ledger.tell(route, {
      kind: 'proof',
      text: kind === 'observed' ? `${router} has applied it` : `${router} answered with it`,
      evidence: { witness: kind, via, router, pair, atUnixMs: clock.nowMs(), ...said.stamps },
    })
    return true
  }
}

function createAttemptIntake(context: DecideContext, witness: Witness) {
  const { book, targets } = context

  const noteServed = (attempt: Attempt, nowMs: number) => {
    const entry = book.of(attempt.router, nowMs)
    if (entry) {
      entry.lastSeenUnixMs = nowMs
      book.route(entry, attempt.route).lastTrafficUnixMs = nowMs
    }
    const delayMs = Math.max(0, nowMs - Number(attempt.endUnixNs / 1_000_000n))
    const { exportDelay } = context
    exportDelay.ms = Math.min(EXPORT_DELAY_MAX_MS, Math.max(delayMs, exportDelay.ms * 0.99))
    const own = attempt.generation === '' ? undefined : parseGeneration(attempt.generation)
    const newest = entry?.routes.get(attempt.route)?.observed.newest?.pair
    if (own && own.generation > 0 && (!newest || compareGenerations(own, newest) > 0)) {
      // A pair that we never gave proves nothing, whoever writes it on a span.
      if (compareGenerations(own, pairOf(context, attempt.route)) <= 0) {
        const startUnixMs = Number(attempt.startUnixNs / 1_000_000n)
        const said = {
          router: attempt.router,
          route: attempt.route,
          pair: own,
          via: 'span' as const,
        }
        witness({ ...said, kind: 'observed', sinceUnixMs: nowMs, stamps: { startUnixMs } })
      }
    }
    return own ?? context.routers.pairOf(attempt)
  }

  return (attempt: Attempt, nowMs: number): void => {
    const policy = context.policy(attempt.route)
    if (!policy) return
    const pair = noteServed(attempt, nowMs)
    const isListed =
      attempt.target === policy.primary ||
      policy.fallbacks.some((fallback) => fallback.target === attempt.target)
    if (!isListed) return
    targets.note(attempt, nowMs)
    noteAttempt(context.live(attempt.route).stats, {
      attempt,
      pair,
      primary: policy.primary,
      focus: focusOf(recordOf(context, attempt.route), policy.primary),
      nowMs,
    })
  }
}
