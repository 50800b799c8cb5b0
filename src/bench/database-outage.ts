import { readCommand } from './machine.ts'
import type { Target } from './target.ts'

export interface DatabaseOutage {
  /** Lets the next database start. Safe twice. */
  end(): void
}

/** Far shorter than the engine's start. */
const LOOK_EVERY_MS = 50
const PROGRAM = 'clickhouse-child'

/**
 * Kills the database, and freezes each one that the server starts in its place before it is ready,
 * so that it stays away for as long as one likes. Must be ended before the server is: a frozen
 * process does not notice that its parent has gone.
 */
export function takeDatabaseAway(target: Pick<Target, 'databasePid'>): DatabaseOutage {
  const killed = target.databasePid()
  if (killed === 0) throw new Error('there is no database to take away')
  process.kill(killed, 'SIGKILL')
  const frozen = new Set<number>([killed])
  const freeze = () => {
    const pid = target.databasePid()
    if (pid === 0 || frozen.has(pid)) return
    // Until a new process runs its own program, whoever starts it stands still.
    if (!readCommand(pid).includes(PROGRAM)) return
    frozen.add(pid)
    signal(pid, 'SIGSTOP')
  }
  const timer = setInterval(freeze, LOOK_EVERY_MS)
  const end = () => {
    process.off('exit', end)
    clearInterval(timer)
    for (const pid of frozen) if (pid === target.databasePid()) signal(pid, 'SIGCONT')
  }
  process.once('exit', end)
  return { end }
}

/** It may just have ended by itself, or by the server's patience. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (fault) {
    if ((fault as { code?: string }).code !== 'ESRCH') throw fault
  }
}
