import { existsSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ErrorPlace } from '../lib/errors.ts'
import { Duration } from './fields.ts'
import { configInvalid, loadYamlOrThrow } from './load-yaml.ts'
import { MEANINGS } from './meanings.ts'
import { PrivacySettings } from './privacy.ts'
import { ProfileUse } from './profile-use.ts'
import { MapRule } from './telemetry-map.ts'

const Port = z.number().int().min(0).max(65_535)
const LOG_BYTES_LEAST = 2 ** 20
/** Every item of a mapped signal is held against them. */
const MAP_RULES_MAX = 200
const Names = z.array(z.string()).min(1)

const Telemetry = z.strictObject({
  /** Which attributes carry each meaning, first present wins. Defaults: see `meanings.ts`. */
  attributes: z.partialRecord(z.enum(MEANINGS), Names).default({}),
  /** Routers that do not know us: well-known ones, and rules for any other, which stand before. */
  profiles: z.array(ProfileUse).max(MAP_RULES_MAX).default([]),
  map: z.array(MapRule).max(MAP_RULES_MAX).default([]),
  lateness: Duration.default(10_000),
  privacy: PrivacySettings,
})

/** What telemetry is taken at most; see `src/receive/limits.ts` for what is not to be set. */
const Receive = z.strictObject({
  /** Inflated or not; the specification recommends 64 MiB. */
  max_body_bytes: z
    .number()
    .int()
    .min(1_024)
    .max(256 * 2 ** 20)
    .default(64 * 2 ** 20),
  /** At once, over HTTP and over gRPC each. */
  max_requests: z.number().int().min(1).max(65_536).default(512),
  // Off: what is a lot depends on the fleet, and a refused sender loses data.
  /** Requests of one sender (a token; without tokens an address) per second; 0: no limit. */
  sender_max_rps: z.number().min(0).default(0),
  /** Bytes of inflated bodies; 0: no limit. */
  sender_max_bytes_per_s: z.number().min(0).default(0),
})

/** `signalbox.yaml`; every key may also come as `SIGNALBOX_<KEY>`, dots as `_`, the value as YAML. */
export const Settings = z.strictObject({
  data_dir: z.string().default('./data'),
  alerts_dir: z.string().default('./alerts'),
  host: z.string().default('127.0.0.1'),
  port: Port.default(8080),
  otlp_http_port: Port.default(4318),
  otlp_grpc_port: Port.default(4317),
  clickhouse_port: Port.default(0),
  clickhouse_url: z
    .url({
      protocol: /^https?$/,
      error: 'expected an address such as http://user:password@host:8123/signalbox',
    })
    .optional(),
  tokens_file: z.string().optional(),
  egress_allow: z.string().default('127.0.0.0/8,::1/128'),
  receive: Receive.prefault({}),
  telemetry: Telemetry.prefault({}),
  /** `service.name` → component, for senders that do not say `signalbox.component`. */
  services: z.record(z.string(), z.enum(['router', 'worker', 'autoscaler'])).default({}),
  report: z
    .strictObject({
      /** A second is up when at least this share of its requests succeeds. */
      theta: z.number().gt(0).lte(1).default(0.95),
      /** A route must be quiet for so long before its incident is resolved. */
      quiet_for: Duration.default(120_000),
    })
    .prefault({}),
  /** Of telemetry that waits for the database. A full second of a busy fleet must find room. */
  log_bytes_max: z
    .number()
    .int()
    .min(LOG_BYTES_LEAST)
    .default(4 * 2 ** 30),
  retention: Duration.default(90 * 86_400_000),
  log_level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})
export type Settings = z.output<typeof Settings>

/** All rules of `telemetry.map` and the profiles, in the order in which they are tried. */
export function mapRulesOf({ telemetry }: Pick<Settings, 'telemetry'>): readonly MapRule[] {
  return [...telemetry.map, ...telemetry.profiles.flat()]
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Settings from `SIGNALBOX_CONFIG` (default `signalbox.yaml` if present), overridden by environment.
 * @throws AppError CONFIG_INVALID naming file, line and key, or the variable
 */
export function loadSettings(env: Environment): Settings {
  const file = env.SIGNALBOX_CONFIG ?? (existsSync('signalbox.yaml') ? 'signalbox.yaml' : undefined)
  if (file !== undefined) loadYamlOrThrow({ file, schema: Settings })
  const fromFile =
    file === undefined ? {} : loadYamlOrThrow({ file, schema: z.record(z.string(), z.unknown()) })
  const merged = structuredClone(fromFile)
  const variables = new Map<string, string>()
  for (const { path, variable } of settingPaths()) {
    const text = env[variable]
    if (text === undefined || text === '') continue
    setPath({ target: merged, path, value: parseValue(text) })
    variables.set(path.join('.'), variable)
  }
  const parsed = Settings.safeParse(merged)
  if (parsed.success) return parsed.data
  throw configInvalid(
    parsed.error.issues.map((issue): ErrorPlace => {
      const key = issue.path.join('.')
      const variable = [...variables].find(
        ([path]) => key === path || key.startsWith(`${path}.`),
      )?.[1]
      return { file: variable ?? file ?? 'settings', key, message: issue.message }
    }),
  )
}

interface SettingPath {
  readonly path: readonly string[]
  readonly variable: string
}

/** Every key that can be set by a variable: `report.quiet_for` ↔ `SIGNALBOX_REPORT_QUIET_FOR`. */
function settingPaths(): SettingPath[] {
  const groups: Record<string, readonly string[]> = {
    telemetry: ['attributes', 'profiles', 'map', 'lateness', 'privacy.drop', 'privacy.hash'],
    report: ['theta', 'quiet_for'],
    receive: ['max_body_bytes', 'max_requests', 'sender_max_rps', 'sender_max_bytes_per_s'],
  }
  return Object.keys(Settings.shape).flatMap((key) => {
    const paths = groups[key]?.map((sub) => [key, ...sub.split('.')]) ?? [[key]]
    return paths.map((path) => ({ path, variable: variableOf(path) }))
  })
}

function variableOf(path: readonly string[]): string {
  // Named by the ClickHouse world, not by us.
  if (path[0] === 'clickhouse_url') return 'CLICKHOUSE_URL'
  return `SIGNALBOX_${path.join('_').toUpperCase()}`
}

function parseValue(text: string): unknown {
  // `127.0.0.0/8,::1/128` and URLs are text even where YAML sees something else.
  const value = parse(text) as unknown
  return value instanceof Date || value === null ? text : value
}

function setPath({
  target,
  path,
  value,
}: {
  target: Record<string, unknown>
  path: readonly string[]
  value: unknown
}) {
  const [head, ...rest] = path
  if (head === undefined) return
  if (rest.length === 0) {
    target[head] = value
    return
  }
  const child = (target[head] ?? {}) as Record<string, unknown>
  target[head] = child
  setPath({ target: child, path: rest, value })
}
