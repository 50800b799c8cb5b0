import { check as checkAlerts } from '../app.ts'
import { loadSettings } from '../config/settings.ts'
import { renderPlace } from '../lib/errors.ts'
import type { Shell } from './shell.ts'

/** Validates every file of the alerts folder and runs its rule tests. Exit 1 when anything fails. */
export async function check(options: { dir?: string }, { env, write }: Shell): Promise<number> {
  const dir = options.dir ?? loadSettings(env).alerts_dir
  const result = checkAlerts({ dir, env })
  for (const place of result.errors) write(`${renderPlace(place)}\n`)
  for (const line of result.notes) write(`${line}\n`)
  if (result.errors.length > 0) {
    write(`${dir}: ${result.errors.length} ${result.errors.length === 1 ? 'fault' : 'faults'}\n`)
    return 1
  }
  write(`${dir}: ok (${result.summary})\n`)
  return 0
}
