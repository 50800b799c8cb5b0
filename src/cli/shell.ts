import type { Environment } from '../config/settings.ts'

/** What a command may use of the process around it. */
export interface Shell {
  readonly env: Environment
  write(text: string): void
  /** Calls `stop` when the process is asked to end. */
  onStopSignal(stop: () => void): void
  onReloadSignal(reload: () => void): void
  readonly isTerminal: boolean
}
