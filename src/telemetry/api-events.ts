import type { Telemetry } from './telemetry.ts'

export interface ApiEvents {
  answered(event: { route: string; status: number; durationMs: number }): void
  failed(event: { method: string; url: string; fault: unknown }): void
}

export function createApiEvents(telemetry: Telemetry): ApiEvents {
  const duration = telemetry.histogram(
    'signalbox_http_request_duration_seconds',
    'Time to answer an API request',
    ['route', 'status'],
  )
  return {
    answered: ({ route, status, durationMs }) =>
      duration.observe({ route, status: String(status) }, durationMs / 1_000),
    failed: ({ method, url, fault }) =>
      telemetry.log.error({ method, url, err: fault }, 'an API request failed'),
  }
}
