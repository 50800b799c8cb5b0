import { loadSettings } from '../config/settings.ts'
import { renderPlace } from '../lib/errors.ts'
import type { FalseTripOptions } from '../model/false-trips.ts'
import type { RuleView } from '../model/verdict.ts'
import { createApiClient } from './api-client.ts'
import { renderFalseTrips } from './render-false-trips.ts'
import type { Shell } from './shell.ts'

export interface CheckCommandOptions {
  readonly dir?: string
  /** Items a second in each group, for the table of expected false trips. */
  readonly volume?: number
  /** Failing share of a healthy group, 0..1, instead of each rule's own. */
  readonly noise?: number
  /** A running server: its own volumes are used. */
  readonly url?: string
}

/**
 * Validates every file of the alerts folder, runs its rule tests, and prints how often chance alone
 * would trip each rule. Exit 1 when anything fails. It asks no server unless told so: the same files
 * give the same output everywhere.
 */
export async function check(options: CheckCommandOptions, { env, write }: Shell): Promise<number> {
  const { volume: perS, noise: noiseRatio, url } = options
  const dir = options.dir ?? loadSettings(env).alerts_dir
  const falseTrips: FalseTripOptions = {
    ...(perS !== undefined && { perS }),
    ...(noiseRatio !== undefined && { noiseRatio }),
    ...(url !== undefined && { counted: await countedBy(url, env) }),
  }
  // Loaded only here: the other commands start in a quarter of the time without it.
  const { check: checkAlerts } = await import('../app.ts')
  const result = checkAlerts({ dir, env, falseTrips })
  for (const place of result.errors) write(`${renderPlace(place)}\n`)
  for (const line of result.notes) write(`${line}\n`)
  if (result.errors.length > 0) {
    write(`${dir}: ${result.errors.length} ${result.errors.length === 1 ? 'fault' : 'faults'}\n`)
    return 1
  }
  write(`${dir}: ok (${result.summary})\n`)
  write(renderFalseTrips(result.falseTrips, whereOf(options)))
  return 0
}

function whereOf({ url, volume }: CheckCommandOptions): string {
  if (url !== undefined)
    return `all groups together, at the volume of their last window on ${url}; an outlier or a budget at its worst volume`
  if (volume !== undefined) return `one group, at ${volume} items a second`
  return 'one group, at its worst volume from min_count on; --volume or --url for your own'
}

const RULES_MAX = 1_000

/** Items that each group of each rule has in its window now. */
async function countedBy(url: string, env: Shell['env']): Promise<Map<string, number[]>> {
  const api = createApiClient({ url, env })
  const counted = new Map<string, number[]>()
  let cursor: string | undefined
  do {
    const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const answer = await api.request(`/api/v1/rules?limit=${RULES_MAX}${after}`)
    const page = answer.json() as { readonly items: readonly RuleView[]; readonly next?: string }
    for (const { id, groups } of page.items)
      counted.set(
        id,
        groups.map(({ count }) => count),
      )
    cursor = page.next
  } while (cursor !== undefined)
  return counted
}
