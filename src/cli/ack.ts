import { createApiClient } from './api-client.ts'
import type { Shell } from './shell.ts'

export async function ack(
  options: { id: string; url?: string },
  { env, write }: Shell,
): Promise<number> {
  const api = createApiClient({ url: options.url, env })
  await api.request(`/api/v1/incidents/${encodeURIComponent(options.id)}/ack`, { method: 'POST' })
  write(`${options.id} is acknowledged\n`)
  return 0
}
