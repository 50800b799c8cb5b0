/** Lets at most `activeMax` through at once; the rest wait in line, at most `waitingMax` of them. */
export interface Turnstile {
  /** Resolves to a function that leaves, or to undefined at once when the line is full. */
  enter(): Promise<(() => void) | undefined>
  readonly activeCount: number
  readonly waitingCount: number
}

export function createTurnstile(options: {
  readonly activeMax: number
  readonly waitingMax: number
}): Turnstile {
  const waiting: ((leave: () => void) => void)[] = []
  let activeCount = 0
  const pass = () => {
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const next = waiting.shift()
      if (next) next(pass())
      else activeCount--
    }
  }
  return {
    async enter() {
      if (activeCount < options.activeMax) {
        activeCount++
        return pass()
      }
      if (waiting.length >= options.waitingMax) return undefined
      return await new Promise((resolve) => waiting.push(resolve))
    },
    get activeCount() {
      return activeCount
    },
    get waitingCount() {
      return waiting.length
    },
  }
}
