import { type ChildProcess, fork } from 'node:child_process'
import type { Command, Report } from './messages.ts'
import type { RoleConfig } from './role-config.ts'

/** One forked process of the fleet, seen from its parent. */
export interface Child {
  readonly pid: number
  tell(command: Command): void
  /** Resolves with the first report of the type that comes from now on; rejects when it dies first. */
  next<T extends Report['type']>(type: T): Promise<Extract<Report, { type: T }>>
  /** Asks it to end, and ends it by its id when it does not. */
  stop(): Promise<void>
}

export interface ChildOptions {
  /** Compiled `fleet/main.js`. */
  readonly entry: string
  readonly config: RoleConfig
  onReport?(report: Report): void
}

const STOP_DEADLINE_MS = 15_000

/** Forks a role and waits until it is ready. @throws Error with what the child said when it fails */
export async function startChild({ entry, config, onReport }: ChildOptions): Promise<Child> {
  const child = fork(entry, [config.role], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Set<(report: Report | Error) => void>()
  const spread = (report: Report | Error) => {
    for (const wait of [...waiting]) wait(report)
  }
  child.on('message', (report: Report) => {
    if (report.type === 'fault') spread(new Error(`fleet ${config.role}: ${report.message}`))
    else spread(report)
    onReport?.(report)
  })
  child.on('exit', () => spread(new Error(`fleet ${config.role} ended`)))
  child.on('error', spread)
  const next: Child['next'] = (type) =>
    new Promise((resolve, reject) => {
      const wait = (report: Report | Error) => {
        if (!(report instanceof Error) && report.type !== type) return
        waiting.delete(wait)
        if (report instanceof Error) reject(report)
        else resolve(report as Extract<Report, { type: typeof type }>)
      }
      waiting.add(wait)
    })
  const tell = (command: Command) => {
    // It may be gone already; who waits for it hears that from `next`.
    if (child.connected) child.send(command, () => {})
  }
  const ready = next('ready')
  tell({ type: 'configure', config })
  await ready
  return { pid: child.pid ?? 0, tell, next, stop: () => stopChild(child, tell) }
}

async function stopChild(child: ChildProcess, tell: (command: Command) => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
  tell({ type: 'stop' })
  await gone
  clearTimeout(timer)
}
