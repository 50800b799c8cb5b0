import type { Desired, TargetShare } from '../model/desired.ts'

/** What a request says of itself; fields are compared with `only` as text. */
export interface PickRequest {
  readonly route: string
  /** The router will retry it on a fallback: it may be part of a trickle that is expected to fail. */
  readonly retryable: boolean
  readonly tier?: string
  /** More fields for `only`: `{ model: 'sdxl' }`. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

export interface PickOptions {
  readonly desired: Desired
  readonly request: PickRequest
  /** Serves classes that no target of the document takes. */
  readonly otherwise: string
  /** 0 <= x < 1. */
  random(): number
  /** Takes one request of the target's share; false when it is spent. */
  takeShare(target: string, maxRps: number): boolean
}

/**
 * Weighted choice among the targets that take the request's class. `retryable_only` and `max_rps`
 * bound only what another target could have taken: a request left with one target goes there.
 */
export function pickShare({ desired, request, otherwise, ...deps }: PickOptions): TargetShare {
  const taking = desired.targets.filter((share) => accepts(share, request))
  const weighted = taking.filter((share) => share.weight > 0)
  let left = weighted.length > 0 ? weighted : taking
  const patient = left.filter((share) => request.retryable || !share.retryable_only)
  if (patient.length > 0) left = patient
  for (;;) {
    const share = draw(left, deps.random())
    if (!share)
      return desired.targets.find(({ target }) => target === otherwise) ?? alone(otherwise)
    // The last one serves whatever comes; its bucket is drained all the same.
    const mayServe = share.max_rps === undefined || deps.takeShare(share.target, share.max_rps)
    if (mayServe || left.length === 1) return share
    left = left.filter((other) => other !== share)
  }
}

/** Fallbacks that may take the request after `failed` did not serve it, in order. */
export function rescueOrder(options: {
  readonly desired: Desired
  readonly request: PickRequest
  readonly failed: string
}): string[] {
  const { desired, request, failed } = options
  return desired.rescue.order.filter((target) => {
    const share = desired.targets.find((one) => one.target === target)
    return target !== failed && (share === undefined || accepts(share, request))
  })
}

/** Everything to one target, for a route that was never told anything. */
export function onlyTarget(target: string, rescue: Desired['rescue']): Desired {
  return { targets: [{ target, weight: 1 }], rescue, new_requests_only: true }
}

function alone(target: string): TargetShare {
  return { target, weight: 1 }
}

function accepts(share: TargetShare, request: PickRequest): boolean {
  return Object.entries(share.only ?? {}).every(([field, allowed]) => {
    const value =
      field === 'tier' ? (request.tier ?? request.fields?.tier) : request.fields?.[field]
    return value !== undefined && allowed.map(String).includes(String(value))
  })
}

function draw(shares: readonly TargetShare[], random: number): TargetShare | undefined {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0)
  let rest = random * total
  for (const share of shares) {
    rest -= share.weight
    if (rest < 0) return share
  }
  // Rounding, or only targets of weight 0 are left.
  return shares.at(-1)
}
