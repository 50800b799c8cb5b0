import type { RoutePolicy } from '../config/failover.ts'
import type { Reason } from '../model/desired.ts'
import { desiredOf, isSameTraffic } from './desired.ts'
import type { Next } from './facts.ts'
import type { RouteRecord } from './record.ts'

/** Fields to set; undefined takes a field away. */
export type RecordPatch = { readonly [K in keyof RouteRecord]?: RouteRecord[K] | undefined }

export interface SuccessorInput {
  readonly from: RouteRecord
  readonly next: Next
  readonly policy: RoutePolicy
  readonly nowMs: number
  readonly actor: string
}

/** The record after a step; pure. */
export function successorOf({ from, next, policy, nowMs, actor }: SuccessorInput) {
  const isNewState = next.to !== from.state
  const wanted = next.phase
    ? desiredOf({ policy, phase: next.phase, shareRouters: from.shareRouters })
    : from.desired
  const isNewGeneration = !isSameTraffic(wanted, from.desired)
  const isHome = next.to === 'primary'
  const isDeparture = next.to === 'engaging' && from.phase.kind === 'primary'
  const record = patched(from, {
    ...next.patch,
    state: next.to,
    phase: next.phase ?? from.phase,
    desired: wanted,
    ...(isNewState && { sinceUnixMs: nowMs }),
    ...(isNewGeneration && {
      generation: from.generation + 1,
      previousGeneration: from.generation,
      generationUnixMs: nowMs,
      proof: {},
    }),
    ...(next.kind === undefined && { reason: reasonOf(from, next, actor) }),
    ...(isDeparture && { confirmedUnixMs: undefined }),
    ...(isHome && {
      blockedBy: [],
      wouldActUnixMs: undefined,
      stableUnixMs: undefined,
      probingFailedUnixMs: undefined,
      ...(!(next.patch?.isIncidentOpen ?? from.isIncidentOpen) && { incident: undefined }),
    }),
  })
  return { record, isNewGeneration, isNewState }
}

function reasonOf(from: RouteRecord, next: Next, actor: string): Reason {
  const { lead, text } = next
  if (lead) {
    return {
      rule: lead.rule,
      ...(typeof lead.value === 'number' && { value: lead.value }),
      ...(lead.threshold !== null && { threshold: lead.threshold }),
      count: lead.count,
      window_s: lead.windowMs / 1_000,
      actor,
      text,
    }
  }
  // Confirming or latching a move does not change why it was made.
  const isSameMove = ['engaging', 'fallback'].includes(from.state) && !next.phase
  return isSameMove && next.to !== 'probing' ? { ...from.reason, text } : { actor, text }
}

/** Lays a patch over a record; undefined takes the field away. */
export function patched(record: RouteRecord, patch: RecordPatch): RouteRecord {
  const next: Record<string, unknown> = { ...record, ...patch }
  for (const [key, value] of Object.entries(next)) if (value === undefined) delete next[key]
  return next as unknown as RouteRecord
}
