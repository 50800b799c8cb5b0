import type { Notice } from '../model/notice.ts'

/** Returns the notice to hand on, or undefined to stop here. Only bugs throw. */
export type Stage = (notice: Notice, signal: AbortSignal) => Promise<Notice | undefined>

/** One stage after the other, until one stops. */
export function chain(...stages: readonly Stage[]): Stage {
  return async (notice, signal) => {
    let current: Notice | undefined = notice
    for (const stage of stages) {
      if (current === undefined) return undefined
      current = await stage(current, signal)
    }
    return current
  }
}
