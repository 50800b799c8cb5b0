import type { ApiDeps } from './deps.ts'

export interface HealthParts {
  readonly storage: { refusing(): readonly string[]; degraded(): readonly string[] }
  readonly live: { alerts(): { readonly warnings: readonly string[] } }
  readonly telemetry: { readonly registry: { metrics(): Promise<string> } }
}

/** What `/readyz` and `/metrics` tell, from those who know. */
export function createHealth({ storage, live, telemetry }: HealthParts): ApiDeps['health'] {
  const warnings = () => live.alerts().warnings.map((reason) => ({ part: 'alerts', reason }))
  const stored = () => storage.degraded().map((reason) => ({ part: 'store', reason }))
  return {
    refusing: storage.refusing,
    degraded: () => [...stored(), ...warnings()],
    metrics: () => telemetry.registry.metrics(),
  }
}
