import type { AutoscalerConfig, RouterConfig, UsersConfig, WorkersConfig } from './role-config.ts'

/** What the simulated fleet consists of; every figure of the model stands here. */
export interface FleetOptions {
  readonly seed: number
  /** Divides every duration of the model but the render time. */
  readonly speed: number
  readonly ledgerDir: string
  /** `whsec_…`, one per router. */
  readonly secrets: readonly string[]
  /** Workers of the primary at first, and how many the autoscaler may have. */
  readonly replicas: number
  readonly replicasMax: number
  /** Compiled `fleet/main.js`; default beside this file. */
  readonly entry?: string
}

export const ROUTE = 'preview'
export const PRIMARY = 'cloud-eu'
export const FALLBACK = 'edge-local'
const DEPLOYMENT = 'sd-eu'

// One GPU renders eleven images a second: 24 of them carry 264 requests a second.
const CLOUD_RENDER_MS = 91
const EDGE_RENDER_MS = 70
const EDGE_NODES = 16
const EDGE_CONCURRENCY = 4
/** 24 waiting are 2.4 s of work: whoever joins the end of such a line has timed out long before. */
const QUEUE_MAX = 24

export function planRouter(options: FleetOptions, index: number): RouterConfig {
  const name = `router-${index + 1}`
  return {
    role: 'router',
    name,
    route: ROUTE,
    primary: PRIMARY,
    fallbacks: [FALLBACK],
    secret: options.secrets[index] ?? '',
    timeoutMs: 10_000 / options.speed,
    metricEveryMs: 30_000 / options.speed,
    ledgerFile: `${options.ledgerDir}/${name}.ndjson`,
    stateFile: `${options.ledgerDir}/${name}-state.json`,
  }
}

export function planWorkers(
  options: FleetOptions,
  otlpUrl: string,
): { readonly primary: WorkersConfig; readonly fallback: WorkersConfig } {
  const shared = {
    role: 'workers' as const,
    metricEveryMs: 30_000 / options.speed,
    queueMax: QUEUE_MAX,
    otlpUrl,
    seed: options.seed,
  }
  return {
    primary: {
      ...shared,
      target: PRIMARY,
      count: options.replicas,
      concurrency: 1,
      renderMeanMs: CLOUD_RENDER_MS,
    },
    fallback: {
      ...shared,
      target: FALLBACK,
      count: EDGE_NODES,
      concurrency: EDGE_CONCURRENCY,
      renderMeanMs: EDGE_RENDER_MS,
    },
  }
}

export function planAutoscaler(options: FleetOptions, otlpUrl: string): AutoscalerConfig {
  return {
    role: 'autoscaler',
    deployment: DEPLOYMENT,
    target: PRIMARY,
    replicas: options.replicas,
    replicasMax: options.replicasMax,
    everyMs: 15_000 / options.speed,
    // At most one reading a second, which is how finely gauges are kept.
    metricEveryMs: Math.max(1_250, 10_000 / options.speed),
    otlpUrl,
    ledgerFile: `${options.ledgerDir}/autoscaler.ndjson`,
  }
}

export function planUsers(options: FleetOptions, routerUrls: readonly string[]): UsersConfig {
  return { role: 'users', routerUrls, seed: options.seed, thinkMs: 30_000 / options.speed }
}
