import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Builds `dist` when a source is newer, because some tests fork compiled children (Node 20 runs no
 * TypeScript). A lock folder keeps two test runs from building over each other.
 */
export async function setup(): Promise<void> {
  if (isFresh()) return
  mkdirSync('node_modules/.cache', { recursive: true })
  const lock = 'node_modules/.cache/signalbox-build.lock'
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(lock)
      break
    } catch {
      if (tries > 240) rmdirSync(lock)
      await sleep(250)
    }
  }
  try {
    if (!isFresh()) execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
  } finally {
    rmdirSync(lock)
  }
}

function isFresh(): boolean {
  const stamp = 'dist/web/index.html'
  if (!existsSync(stamp) || !existsSync('dist/main.js')) return false
  const builtMs = statSync(stamp).mtimeMs
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  return files.every((file) => statSync(join('src', file)).mtimeMs < builtMs)
}
