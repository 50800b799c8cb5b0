import { fork } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../config/settings.ts'

export interface DemoCommandOptions {
  readonly seed: number
  /** Leave Signalbox running at the end, until Ctrl-C. */
  readonly keep?: boolean
}

/** What the command uses of the process around it. */
interface DemoShell {
  readonly env: Environment
  onStopSignal(stop: () => void): void
}

// Half an hour in three minutes. Faster, a source would count as silent after less than a second,
// which a busy machine cannot promise.
const SPEED = 10
const OUT_DIR = 'demo-out'

/**
 * Plays the January incident in a process of its own, with everything it starts below that one;
 * exit code 1 when a figure of the post-mortem disagrees with what the fleet itself recorded.
 */
export function runDemo(options: DemoCommandOptions, shell: DemoShell): Promise<number> {
  const { seed, keep = false } = options
  const main = fileURLToPath(new URL('../fleet/main.js', import.meta.url))
  const argument = { seed, keep, speed: SPEED, outDir: resolve(OUT_DIR) }
  const child = fork(main, ['demo', JSON.stringify(argument)], { env: { ...shell.env } })
  // It ends what it started, and then itself; this process only waits.
  shell.onStopSignal(() => child.kill('SIGTERM'))
  return new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('exit', (code) => settle(code ?? 1))
  })
}
