import { z } from 'zod'
import { Matchers } from './fields.ts'
import { MapValue, Table } from './map-value.ts'
import { ENVOY } from './profile-envoy.ts'
import { HAPROXY } from './profile-haproxy.ts'
import { LITELLM } from './profile-litellm.ts'
import { NGINX } from './profile-nginx.ts'
import { OTEL_HTTP } from './profile-otel-http.ts'
import { MapRule, MapSignal, type Profile } from './telemetry-map.ts'

// `telemetry.profiles`: maps for well-known routers, shipped as data. A use says the little that a
// profile cannot know: what paths and upstreams are called here.

const PROFILES = {
  envoy: ENVOY,
  nginx: NGINX,
  litellm: LITELLM,
  haproxy: HAPROXY,
  'otel-http': OTEL_HTTP,
} as const satisfies Record<string, Profile>

const ProfileName = z.enum(
  Object.keys(PROFILES) as [keyof typeof PROFILES, ...(keyof typeof PROFILES)[]],
)

const Use = z.strictObject({
  use: ProfileName,
  on: z.array(MapSignal).min(1).optional(),
  /** Narrows it, beside what the profile itself asks for: `{ service: edge }`. */
  where: Matchers.default({}),
  /** In place of where the profile looks. */
  route: MapValue.optional(),
  target: MapValue.optional(),
  /** What the router calls a route (its name, a path) → our route. Paths count only if listed. */
  routes: Table.default({}),
  /** What the router calls a target (upstream, cluster, address) → our target. */
  targets: Table.default({}),
})

/** A name, or a name with what it needs to know. Becomes the rules that it stands for. */
export const ProfileUse = z
  .preprocess((given) => (typeof given === 'string' ? { use: given } : given), Use)
  .superRefine((given, context) => {
    if (given.on === undefined) return
    const known = new Set<MapSignal>(PROFILES[given.use].rules.map(({ on }) => on))
    for (const [index, signal] of given.on.entries())
      if (!known.has(signal))
        context.addIssue({
          code: 'custom',
          path: ['on', index],
          message: `${given.use} has rules on ${[...known].join(', ')}`,
        })
  })
  .transform((use): readonly MapRule[] => {
    const profile: Profile = PROFILES[use.use]
    const signals = new Set<MapSignal>(use.on ?? [profile.on])
    return profile.rules
      .filter(({ on }) => signals.has(on))
      .map((input) => withUse(MapRule.parse(input), use))
  })

function withUse(rule: MapRule, use: z.output<typeof Use>): MapRule {
  const route = withTable(use.route ?? rule.route, use.routes)
  const target = withTable(use.target ?? rule.target, use.targets)
  return {
    ...rule,
    where: [...rule.where, use.where],
    ...(route !== undefined && { route }),
    ...(target !== undefined && { target }),
  }
}

function withTable(value: MapValue | undefined, table: Readonly<Record<string, string>>) {
  if (value === undefined || typeof value === 'string') return value
  return value.map((read) => ({ ...read, table: { ...read.table, ...table } }))
}
