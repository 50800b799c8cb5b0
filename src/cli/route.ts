import { parseDurationMs } from '../lib/duration.ts'
import { AppError } from '../lib/errors.ts'
import { formatGeneration } from '../model/generation.ts'
import type { RouteView } from '../model/route.ts'
import { createApiClient } from './api-client.ts'
import type { Shell } from './shell.ts'

export const ROUTE_ACTIONS = ['hold', 'force', 'release', 'failback', 'maintenance', 'ack'] as const

export interface RouteOptions {
  readonly url?: string
  readonly reason: string
  readonly target?: string
  readonly ttl: string
  readonly override?: string
}

/** Reads the route first, so that the action applies to the generation that was there a moment ago. */
export async function route(
  options: RouteOptions & { action: string; route: string },
  { env, write }: Shell,
): Promise<number> {
  const ttlMs = parseDurationMs(options.ttl)
  if (ttlMs === undefined)
    throw new AppError('BAD_REQUEST', `--ttl ${options.ttl}: expected e.g. 30m or 2h`)
  const api = createApiClient({ url: options.url, env })
  const path = `/api/v1/routes/${encodeURIComponent(options.route)}`
  const before = (await api.request(path)).json() as RouteView
  const needsTtl = ['hold', 'force', 'maintenance'].includes(options.action)
  const answer = await api.request(`${path}/actions`, {
    method: 'POST',
    headers: { 'if-match': `"${formatGeneration(before)}"` },
    body: {
      action: options.action,
      reason: options.reason,
      ...(needsTtl && { ttl_s: ttlMs / 1_000 }),
      ...(options.target !== undefined && { target: options.target }),
      ...(options.override !== undefined && { override: options.override.split(',') }),
    },
  })
  const after = answer.json() as RouteView
  const inhibitors = after.inhibitors.map((one) => one.kind).join(', ')
  write(
    `${after.route}: ${after.state}, generation ${formatGeneration(after)}${inhibitors && ` (${inhibitors})`}\n`,
  )
  return 0
}
