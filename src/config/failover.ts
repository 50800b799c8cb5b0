import { z } from 'zod'
import { DurationOr, Matchers, Threshold } from './fields.ts'

/** A URL that answers 2xx when a real generation works there. */
const Probe = z.strictObject({
  url: z.string(),
  every: DurationOr('30s'),
  deadline: DurationOr('20s'),
  fresh_for: DurationOr('90s'),
})

const Capacity = z.union([z.number().positive(), z.strictObject({ metric: z.string() })])

const Fallback = z.strictObject({
  target: z.string().min(1),
  /** Requests per second, shared by all routes that use the target; absent = unbounded. */
  capacity_rps: Capacity.optional(),
  ready: Probe.optional(),
  /** Request classes it may take: field → allowed values; others stay. */
  accepts: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  tolerate: z
    .strictObject({
      p95_added: Threshold.optional(),
      quality_flagged: z.number().min(0).max(1).optional(),
    })
    .prefault({}),
  label: z.string().optional(),
  /** Handed to routers untouched. */
  params: z.record(z.string(), z.unknown()).default({}),
})

const ControllerLoss = z.strictObject({
  after: DurationOr('30s'),
  then: z.enum(['hold', 'revert']).default('hold'),
})

const Timing = z.strictObject({
  /** A move not observed by all routers by then is partial. */
  ack_deadline: DurationOr('1200ms'),
  min_hold: DurationOr('120s'),
  max_hold: DurationOr('30m'),
  max_failovers_per_hour: z.number().int().min(1).default(3),
})

const Failback = z.strictObject({
  auto: z.boolean().default(true),
  stable_for: DurationOr('120s'),
  /** Shares of the primary, rising, ending in 1. */
  steps: z
    .array(z.number().gt(0).lte(1))
    .min(1)
    .refine((steps) => steps.at(-1) === 1, 'the last step must be 1.0')
    .refine(
      (steps) => steps.every((step, i) => i === 0 || step > (steps[i - 1] ?? 0)),
      'steps must rise',
    )
    .default([0.05, 0.25, 0.5, 1]),
  step_for: DurationOr('60s'),
  step_min_count: z.number().int().min(1).default(20),
  step: z
    .strictObject({
      max_failed: z.number().min(0).max(1).default(0.05),
      max_p95_times_baseline: z.number().positive().default(1.5),
    })
    .prefault({}),
})

const Window = z.strictObject({
  target: z.string(),
  from: z.iso.datetime({ offset: true }),
  until: z.iso.datetime({ offset: true }),
  reason: z.string().default(''),
})

/** Everything a route may leave to `defaults:`. */
const Policy = z.strictObject({
  mode: z.enum(['off', 'observe', 'recommend', 'auto']).default('observe'),
  on_controller_loss: ControllerLoss.prefault({}),
  slo: z.number().gt(0).lt(1).default(0.999),
  /** Rules that users feel: any of them may move traffic. */
  on: z.array(z.string()).default([]),
  /** Causes: alone at most `suspect`. */
  with: z.array(z.string()).default([]),
  /** `need` absent: 2 where two or more routers are seen, else 1. */
  evidence: z
    .strictObject({
      need: z.number().int().min(1).optional(),
      min_routers: z.number().int().min(1).default(1),
    })
    .prefault({}),
  /** Live trickle; max_rps is the route's, absent = unbounded. */
  keep_on_primary: z
    .strictObject({
      share: z.number().min(0).lt(1).default(0),
      max_rps: z.number().min(0).optional(),
    })
    .prefault({}),
  exercise: z.number().min(0).lt(0.5).default(0),
  primary_ready: Probe.optional(),
  rescue: z
    .strictObject({
      max_rps: z.number().min(0).default(0),
      attempt_timeout: DurationOr('3s'),
    })
    .prefault({}),
  timing: Timing.prefault({}),
  failback: Failback.prefault({}),
  new_requests_only: z.boolean().default(true),
  /** A request without an end by then has failed. */
  deadline: DurationOr('120s'),
  maintenance: z.array(Window).default([]),
})

// Defaults are laid under each route before it is checked, so a route may omit anything they give.
const RouteOwn = {
  route: z.string().min(1),
  primary: z.string().min(1),
  fallbacks: z.array(Fallback),
}
const Route = z.strictObject({ ...RouteOwn, ...Policy.shape })

const TargetFacts = z.strictObject({
  /** The gauge that says how many workers of the target are ready, for safety rule S12. */
  ready_workers: z.strictObject({ metric: z.string(), where: Matchers.default({}) }).optional(),
})

const Raw = z.strictObject({
  schema: z.literal('signalbox.failover/v1'),
  defaults: z.record(z.string(), z.unknown()).default({}),
  routes: z.array(z.record(z.string(), z.unknown())).default([]),
  targets: z.record(z.string(), TargetFacts).default({}),
})

/**
 * `alerts/failover.yaml`. Durations come out in milliseconds under their own names.
 * Faults in a default are reported where they stand, not once per route.
 */
export const Failover = Raw.transform((raw, context) => {
  const defaults = Policy.partial().safeParse(raw.defaults)
  if (!defaults.success) {
    for (const issue of defaults.error.issues) {
      context.issues.push({
        ...issue,
        path: ['defaults', ...issue.path],
        input: raw.defaults,
      } as never)
    }
    return z.NEVER
  }
  const routes = raw.routes.map((route, index) => {
    const parsed = Route.safeParse({ ...raw.defaults, ...route })
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      context.issues.push({
        ...issue,
        path: ['routes', index, ...issue.path],
        input: route,
      } as never)
    }
    return undefined
  })
  if (routes.includes(undefined)) return z.NEVER
  const known = routes.filter((route) => route !== undefined)
  known.forEach((route, index) => {
    const fault = faultOf(route, known.slice(0, index))
    if (!fault) return
    context.issues.push({
      code: 'custom',
      message: fault.message,
      path: ['routes', index, fault.key],
      input: route.route,
    })
  })
  return { routes: known, targets: raw.targets }
})
export type Failover = z.output<typeof Failover>
export type RoutePolicy = z.output<typeof Route>
export type FallbackPolicy = z.output<typeof Fallback>
export type ProbePolicy = z.output<typeof Probe>

function faultOf(route: z.output<typeof Route>, earlier: readonly z.output<typeof Route>[]) {
  if (earlier.some((one) => one.route === route.route)) {
    return { key: 'route', message: `route ${route.route} stands here twice` }
  }
  const targets = [route.primary, ...route.fallbacks.map((one) => one.target)]
  if (new Set(targets).size !== targets.length) {
    return { key: 'fallbacks', message: 'a target may stand in a route only once' }
  }
  return undefined
}
