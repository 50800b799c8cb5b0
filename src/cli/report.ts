import { createApiClient } from './api-client.ts'
import type { Shell } from './shell.ts'

export interface ReportOptions {
  readonly id: string
  readonly format: string
  readonly url?: string
}

/** Prints the post-mortem to stdout, so that it can be piped into a file. */
export async function fetchReport(options: ReportOptions, { env, write }: Shell): Promise<number> {
  const api = createApiClient({ url: options.url, env })
  const query = new URLSearchParams({ format: options.format })
  const { text } = await api.request(
    `/api/v1/incidents/${encodeURIComponent(options.id)}/report?${query}`,
  )
  write(text.endsWith('\n') ? text : `${text}\n`)
  return 0
}
