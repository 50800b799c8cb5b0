import { CommanderError } from 'commander'
import { AppError, renderPlace } from '../lib/errors.ts'

/** 0 ok, 1 failed, 2 usage. Prints what went wrong and what to do, a stack only for bugs. */
export function exitCodeOf(fault: unknown, write: (text: string) => void): number {
  if (fault instanceof CommanderError) return fault.exitCode === 0 ? 0 : 2
  if (fault instanceof AppError) {
    const places = fault.places.map((place) => `  ${renderPlace(place)}\n`).join('')
    write(`signalbox: ${fault.message}\n${places}`)
    return 1
  }
  if (isSystemError(fault)) {
    write(`signalbox: ${fault.message}\n`)
    return 1
  }
  write(`signalbox: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}\n`)
  return 1
}

/** A file that cannot be written, say: not a bug, and its message names the file. */
function isSystemError(fault: unknown): fault is NodeJS.ErrnoException {
  return fault instanceof Error && 'syscall' in fault && 'code' in fault
}
