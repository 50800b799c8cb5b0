import type { Failover, RoutePolicy } from '../config/failover.ts'
import type { StateStore } from '../model/state-store.ts'
import { desiredOf, isSameTraffic } from './desired.ts'
import { adoptPolicy, type Memory } from './persist.ts'
import { createRecord, type RouteRecord } from './record.ts'

// The file in force, and what a new one means for routes that are under way: runtime state is kept.
// A route that is away from its primary keeps the policy it left under when the new file drops the
// route, its primary, or the fallback in use; the new one holds from its return on.

export interface Policies {
  routes(): readonly string[]
  of(route: string): RoutePolicy | undefined
  /** Returns the routes whose document must be made or sent anew, with their records to be. */
  adopt(failover: Failover, nowMs: number): readonly Adopted[]
  /** To be called when a route has reached its primary: ends what it kept of an older file. */
  release(route: string): RouteRecord | undefined
}

export interface Adopted {
  readonly record: RouteRecord
  /** `quiet`: routers need not hear of it. */
  readonly change: 'generation' | 'shares' | 'quiet'
}

export interface PoliciesOptions {
  readonly memory: Memory
  readonly store: StateStore
  subscribedCount(route: string): number
}

export function createPolicies({ memory, store, subscribedCount }: PoliciesOptions): Policies {
  let current = new Map<string, RoutePolicy>()

  const of = (route: string) => memory.route(route)?.orphan ?? current.get(route)

  const adoptRoute = (policy: RoutePolicy, nowMs: number): Adopted | undefined => {
    const before = memory.route(policy.route)
    if (before?.orphan) return undefined
    const shareRouters = Math.max(1, before?.shareRouters ?? subscribedCount(policy.route))
    const { policyRevision } = memory.controller
    return before
      ? underPolicy({ before, policy, policyRevision, nowMs })
      : firstUnderPolicy({ policy, shareRouters, policyRevision, nowMs })
  }

  const keepOrphan = (
    record: RouteRecord,
    old: RoutePolicy | undefined,
  ): RouteRecord | undefined => {
    const next = current.get(record.route)
    if (record.phase.kind === 'primary') {
      return next || record.isRemoved ? undefined : { ...record, isRemoved: true }
    }
    const { target } = record.phase
    const isKept =
      next?.primary === old?.primary && next?.fallbacks.some((one) => one.target === target)
    return isKept || record.orphan || !old ? undefined : { ...record, orphan: old }
  }

  return {
    of,
    routes: () =>
      memory.routes.filter((one) => !one.isRemoved && of(one.route)).map((one) => one.route),
    adopt(failover, nowMs) {
      const before = storedPolicies(store, memory.controller.policyRevision)
      adoptPolicy(memory, failover, nowMs)
      current = new Map(failover.routes.map((policy) => [policy.route, policy]))
      const orphans = memory.routes
        .map((record) => keepOrphan(record, before.get(record.route)))
        .filter((record) => record !== undefined)
      if (orphans.length > 0) memory.commit({ routes: orphans })
      return failover.routes
        .map((policy) => adoptRoute(policy, nowMs))
        .filter((adopted) => adopted !== undefined)
    },
    release(route) {
      const record = memory.route(route)
      if (!record?.orphan || record.phase.kind !== 'primary') return undefined
      const { orphan, ...rest } = record
      const released: RouteRecord = current.has(route) ? rest : { ...rest, isRemoved: true }
      memory.commit({ routes: [released] })
      return released
    },
  }
}

/** The file that was in force, from the store: after a restart nothing else knows it. */
function storedPolicies(store: StateStore, revision: number): ReadonlyMap<string, RoutePolicy> {
  const key = `policy/${String(revision).padStart(8, '0')}`
  const stored = store.get<{ readonly failover: Failover }>(key)
  return new Map((stored?.value.failover.routes ?? []).map((policy) => [policy.route, policy]))
}

interface UnderPolicy {
  readonly policy: RoutePolicy
  readonly policyRevision: number
  readonly nowMs: number
}

function firstUnderPolicy(input: UnderPolicy & { readonly shareRouters: number }): Adopted {
  const { policy, shareRouters } = input
  const desired = desiredOf({ policy, phase: { kind: 'primary' }, shareRouters })
  return { record: createRecord({ ...input, route: policy.route, desired }), change: 'generation' }
}

/** The record under a new file; undefined when nothing changes. */
function underPolicy(input: UnderPolicy & { readonly before: RouteRecord }): Adopted | undefined {
  const { before, policy, policyRevision, nowMs } = input
  const { isRemoved, ...kept } = before
  // Away from the primary only the revision is noted: traffic stays as it was decided.
  const isHome = before.phase.kind === 'primary'
  const home = { policy, phase: before.phase, shareRouters: before.shareRouters }
  const desired = isHome ? desiredOf(home) : before.desired
  if (isRemoved || !isSameTraffic(desired, before.desired)) {
    const record: RouteRecord = {
      ...kept,
      desired,
      policyRevision,
      generation: before.generation + 1,
      previousGeneration: before.generation,
      generationUnixMs: nowMs,
      proof: {},
      reason: { actor: 'failover.yaml', text: `policy revision ${policyRevision}` },
    }
    return { record, change: 'generation' }
  }
  const isSameShares = JSON.stringify(desired) === JSON.stringify(before.desired)
  if (isSameShares && before.policyRevision === policyRevision) return undefined
  return {
    record: { ...before, desired, policyRevision },
    change: isSameShares ? 'quiet' : 'shares',
  }
}
