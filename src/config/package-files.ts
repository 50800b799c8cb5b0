import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Files that come with the package, found from here, so that it runs from any working directory
// and both as source and compiled.
const ROOT = new URL('../../', import.meta.url)

/** Absolute path of a file or folder of the package, such as `templates`. */
export function packagePath(name: string): string {
  return fileURLToPath(new URL(name, ROOT))
}

const manifest = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
  version: string
}
export const VERSION = manifest.version
