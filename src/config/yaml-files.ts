import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The `.yaml` files of a folder by name; none when it does not exist. */
export function yamlFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
  return names.sort().map((name) => join(folder, name))
}
