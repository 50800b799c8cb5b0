import type { RoutePolicy } from '../config/failover.ts'
import type { Transition } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'
import type { DecideEvents } from '../telemetry/decide-events.ts'
import { type DecideContext, pairOf, recordOf } from './context.ts'
import type { Next } from './facts.ts'
import { createGenerationStats, startProbing } from './generation-stats.ts'
import type { RouteRecord } from './record.ts'
import { patched, type RecordPatch, successorOf } from './successor.ts'
import { stateDataOf, viewOf } from './view.ts'

// The only place where a route changes: commit first, then remember, then publish. When the commit
// fails nothing has happened, and the next tick decides again.

export interface Ledger {
  /** Takes a step of the state machine. False when it could not be written. */
  take(route: string, next: Next, actor?: string): boolean
  /** Writes fields that routers need not hear of, without a transition. */
  note(route: string, patch: RecordPatch): boolean
  /** As `note`, and publishes; a `quiet` version is raised without telling routers. */
  tell(route: string, change: Told): boolean
  /** Publishes with the document as it stands: it was committed elsewhere. */
  announce(route: string, change: Omit<Told, 'patch' | 'version'>): void
}

export interface Told {
  readonly kind: Transition['kind']
  readonly text: string
  readonly patch?: RecordPatch
  readonly evidence?: Readonly<Record<string, unknown>>
  readonly version?: 'same' | 'quiet' | 'sent'
}

export interface LedgerOptions {
  readonly context: DecideContext
  readonly stateUrl: string
  readonly events: DecideEvents
  publish(transition: Transition): void
  createIncidentId(): string
}

export function createLedger(options: LedgerOptions): Ledger {
  const { context, events } = options
  const { clock } = context
  const write = createWriter(options)
  const publish = createPublisher(options)

  const take: Ledger['take'] = (route, next, actor = 'signalbox') => {
    const policy = context.policy(route)
    const from = recordOf(context, route)
    if (!policy) return false
    const span = events.decide({ route, to: next.to, traceparent: next.lead?.traceparent })
    const made = successorOf({ from, next, policy, nowMs: clock.nowMs(), actor })
    const { isNewGeneration, isNewState } = made
    const needsIncident = next.to !== 'primary' && made.record.incident === undefined
    const record = needsIncident
      ? { ...made.record, incident: options.createIncidentId() }
      : made.record
    const isSent = next.kind === undefined && (isNewGeneration || isNewState)
    const written = write(record, isSent)
    if (written && isNewGeneration) {
      const pair = pairOf(context, route)
      context.routers.decided(route, pair, clock.nowMs())
      context.live(route).stats = createGenerationStats(pair)
    }
    if (written && isNewState && next.to === 'probing') startProbing(context.live(route).stats)
    if (written && (isSent || next.kind)) {
      publish(from, {
        kind: next.kind ?? (isNewState ? 'state' : 'generation'),
        text: next.text,
        policy,
        evidence: { ...next.evidence, isNewGeneration, actor },
        isSent,
        traceparent: span.traceparent,
        ...(next.lead && { lead: next.lead }),
      })
      if (next.to === 'blocked') events.blocked({ route, rules: record.blockedBy })
    }
    span.end()
    return written !== undefined
  }

  return {
    take,
    note: (route, patch) => write(patched(recordOf(context, route), patch), false) !== undefined,
    tell(route, { kind, text, patch = {}, evidence = {}, version = 'same' }) {
      const policy = context.policy(route)
      const from = recordOf(context, route)
      if (!policy) return false
      const isChanged = version !== 'same' || Object.keys(patch).length > 0
      if (isChanged && !write(patched(from, patch), version !== 'same')) return false
      publish(from, { kind, text, policy, evidence, isSent: version === 'sent' })
      return true
    },
    announce(route, { kind, text, evidence = {} }) {
      const policy = context.policy(route)
      if (policy) publish(recordOf(context, route), { kind, text, policy, evidence, isSent: true })
    },
  }
}

interface Published {
  readonly kind: Transition['kind']
  readonly text: string
  readonly policy: RoutePolicy
  readonly evidence: Readonly<Record<string, unknown>>
  readonly isSent: boolean
  readonly traceparent?: string
  readonly lead?: Verdict
}

/** Commits a record, and a new version with it. Undefined when it could not be written. */
function createWriter({ context, events }: LedgerOptions) {
  const { memory, clock } = context
  // Tried again ten times a second: a full disk must not be filled further by telling so.
  let isFailing = false
  return (record: RouteRecord, isNewVersion: boolean): RouteRecord | undefined => {
    const version = memory.controller.version + 1
    const next = isNewVersion ? { ...record, version, decidedUnixMs: clock.nowMs() } : record
    try {
      memory.commit({ routes: [next], ...(isNewVersion && { controller: { version } }) })
      isFailing = false
      return next
    } catch (fault) {
      events.commitFailed({ route: record.route, fault, isFirst: !isFailing })
      isFailing = true
      return undefined
    }
  }
}

function createPublisher(options: LedgerOptions) {
  const { context, events } = options
  const { memory, clock } = context
  return (from: RouteRecord, change: Published): void => {
    const { kind, text, policy } = change
    const { route } = from
    const record = recordOf(context, route)
    const { epoch } = memory.controller
    const view = viewOf(context, route, policy)
    context.live(route).mitigation = view.mitigation
    options.publish({
      route,
      atUnixMs: clock.nowMs(),
      kind,
      from: from.state,
      to: record.state,
      text,
      view,
      evidence: change.evidence,
      ...(change.isSent && {
        data: stateDataOf({ record, epoch, policy, stateUrl: options.stateUrl }),
      }),
      ...(change.traceparent && { traceparent: change.traceparent }),
    })
    events.transitioned({
      route,
      kind,
      from: from.state,
      to: record.state,
      text,
      ...(change.lead && { lagMs: clock.nowMs() - change.lead.judgedUnixMs }),
    })
  }
}
