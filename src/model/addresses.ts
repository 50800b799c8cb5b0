/** Where a running server is to be found; JSON of `--ready-file`. `clickhouse` carries user and password. */
export interface Addresses {
  readonly http: string
  readonly otlp_http: string
  readonly otlp_grpc: string | null
  readonly clickhouse: string
  readonly pid: number
  readonly version: string
}

/** The address of a port. */
export function renderUrl(host: string, port: number): string {
  return `http://${renderHostPort(host, port)}`
}

/** With the brackets that IPv6 needs. */
export function renderHostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
