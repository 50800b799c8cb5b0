// What each process of the fleet is told at its start.

export interface RouterConfig {
  readonly role: 'router'
  readonly name: string
  readonly route: string
  readonly primary: string
  readonly fallbacks: readonly string[]
  /** Signing secret of the failover webhook, `whsec_…`. */
  readonly secret: string
  /** What a request may take before it is answered `inference_failed_internal_server_error`. */
  readonly timeoutMs: number
  readonly metricEveryMs: number
  readonly ledgerFile: string
  /** Where the router remembers the last desired state. */
  readonly stateFile: string
}

export interface WorkersConfig {
  readonly role: 'workers'
  readonly target: string
  readonly count: number
  readonly concurrency: number
  readonly queueMax: number
  readonly renderMeanMs: number
  readonly metricEveryMs: number
  readonly otlpUrl: string
  readonly seed: number
}

export interface AutoscalerConfig {
  readonly role: 'autoscaler'
  readonly deployment: string
  readonly target: string
  readonly replicas: number
  readonly replicasMax: number
  /** Sync period of the horizontal pod autoscaler. */
  readonly everyMs: number
  readonly metricEveryMs: number
  readonly otlpUrl: string
  readonly ledgerFile: string
}

export interface UsersConfig {
  readonly role: 'users'
  readonly routerUrls: readonly string[]
  readonly seed: number
  /** Mean pause of a person before trying again after a failure. */
  readonly thinkMs: number
}

export type RoleConfig = RouterConfig | WorkersConfig | AutoscalerConfig | UsersConfig
