import { createHash } from 'node:crypto'
import type { Failover } from '../config/failover.ts'
import { AppError } from '../lib/errors.ts'
import type { StateChange, StateStore } from '../model/state-store.ts'
import type { RouteRecord } from './record.ts'

// What the controller remembers, and the one transaction by which it changes. Every write expects
// the revision it was made from: a second writer is a fault to stop at, never to merge with.

export interface ControllerRecord {
  readonly epoch: number
  /** One integer over all routes; only grows. */
  readonly version: number
  readonly policyRevision: number
  readonly policyHash: string
  readonly paused?:
    | { readonly reason: string; readonly actor: string; readonly sinceUnixMs: number }
    | undefined
}

export interface Memory {
  readonly controller: ControllerRecord
  route(route: string): RouteRecord | undefined
  readonly routes: readonly RouteRecord[]
  /**
   * Commits, then takes over, what changed.
   *
   * @throws AppError STATE_CONFLICT when someone else wrote; whatever the store throws on I/O
   */
  commit(change: MemoryChange): void
}

export interface MemoryChange {
  readonly controller?: Partial<ControllerRecord>
  readonly routes?: readonly RouteRecord[]
  readonly others?: readonly StateChange[]
}

const CONTROLLER = 'controller/state'
const ROUTE = 'route/'

export function createMemory(store: StateStore): Memory {
  const stored = store.get<ControllerRecord>(CONTROLLER)
  let controller: ControllerRecord = stored?.value ?? {
    epoch: 1,
    version: 0,
    policyRevision: 0,
    policyHash: '',
  }
  let controllerRevision = stored?.revision ?? 0
  const routes = new Map<string, RouteRecord>()
  const revisions = new Map<string, number>()
  for (const { value, revision } of store.list<RouteRecord>(ROUTE)) {
    routes.set(value.route, value)
    revisions.set(value.route, revision)
  }
  return {
    get controller() {
      return controller
    },
    route: (route) => routes.get(route),
    get routes() {
      return [...routes.values()]
    },
    commit(change) {
      const next = { ...controller, ...change.controller }
      const changes: StateChange[] = [
        ...(change.routes ?? []).map((record) => ({
          key: `${ROUTE}${record.route}`,
          value: record,
          expect: revisions.get(record.route) ?? 0,
        })),
        ...(change.controller
          ? [{ key: CONTROLLER, value: next, expect: controllerRevision }]
          : []),
        ...(change.others ?? []),
      ]
      if (!store.commit(changes)) {
        throw new AppError('STATE_CONFLICT', 'the control state was changed by someone else')
      }
      if (change.controller) {
        controller = next
        controllerRevision++
      }
      for (const record of change.routes ?? []) {
        routes.set(record.route, record)
        revisions.set(record.route, (revisions.get(record.route) ?? 0) + 1)
      }
    },
  }
}

/**
 * Puts a policy in force: a new revision when its content differs from the one in force, also when
 * it equals an older one (a rollback moves forward). Returns the revision.
 */
export function adoptPolicy(memory: Memory, failover: Failover, nowMs: number): number {
  const hash = createHash('sha256').update(JSON.stringify(failover)).digest('hex')
  const { policyHash, policyRevision } = memory.controller
  if (hash === policyHash) return policyRevision
  const revision = policyRevision + 1
  memory.commit({
    controller: { policyRevision: revision, policyHash: hash },
    others: [
      {
        key: `policy/${String(revision).padStart(8, '0')}`,
        value: { revision, hash, at: new Date(nowMs).toISOString(), failover },
      },
    ],
  })
  return revision
}
