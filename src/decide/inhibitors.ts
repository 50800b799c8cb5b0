import type { RoutePolicy } from '../config/failover.ts'
import type { Inhibitor, InhibitorKind } from '../model/route.ts'
import type { ControllerRecord } from './persist.ts'
import type { RouteRecord } from './record.ts'

export interface InhibitorInput {
  readonly policy: RoutePolicy
  readonly record: RouteRecord
  readonly paused: ControllerRecord['paused']
  /** Since when telemetry of the `on` rules is missing. */
  readonly frozenSinceUnixMs: number | undefined
  readonly nowMs: number
}

/** Everything that keeps automation from acting, with who and until when. */
export function inhibitorsOf(input: InhibitorInput): readonly Inhibitor[] {
  const { policy, record, paused, frozenSinceUnixMs, nowMs } = input
  const orders = record.orders.filter((order) => order.untilUnixMs > nowMs)
  return [
    ...orders.map((order) => ({
      kind: order.kind,
      reason: order.target === undefined ? order.reason : `${order.target}: ${order.reason}`,
      actor: order.actor,
      since: iso(order.sinceUnixMs),
      until: iso(order.untilUnixMs),
    })),
    ...policy.maintenance.filter(isOpenAt(nowMs)).map((window) => ({
      kind: 'maintenance' as const,
      reason: `${window.target}: ${window.reason || 'planned'}`,
      actor: 'failover.yaml',
      since: window.from,
      until: window.until,
    })),
    ...(paused
      ? [
          {
            kind: 'paused' as const,
            reason: paused.reason,
            actor: paused.actor,
            since: iso(paused.sinceUnixMs),
          },
        ]
      : []),
    ...(frozenSinceUnixMs !== undefined
      ? [
          {
            kind: 'frozen' as const,
            reason: 'telemetry is missing, and what is missing could change the verdict',
            actor: 'signalbox',
            since: iso(frozenSinceUnixMs),
          },
        ]
      : []),
  ]
}

export function isInMaintenance(input: InhibitorInput, target: string): boolean {
  const { record, policy, nowMs } = input
  const isOrdered = record.orders.some(
    (order) => order.kind === 'maintenance' && order.target === target && order.untilUnixMs > nowMs,
  )
  return (
    isOrdered || policy.maintenance.filter(isOpenAt(nowMs)).some((one) => one.target === target)
  )
}

/**
 * The kinds that stop automation on this route. Maintenance of a fallback only takes that one out;
 * of the primary, it explains the failures, so nothing is to be done about them.
 */
export function inhibitingKinds(input: InhibitorInput): readonly InhibitorKind[] {
  const kinds = new Set(inhibitorsOf(input).map((one) => one.kind))
  if (!isInMaintenance(input, input.policy.primary)) kinds.delete('maintenance')
  return [...kinds]
}

function isOpenAt(nowMs: number) {
  return (window: RoutePolicy['maintenance'][number]) =>
    Date.parse(window.from) <= nowMs && nowMs < Date.parse(window.until)
}

function iso(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
