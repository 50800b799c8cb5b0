/**
 * Which desired state: `epoch` grows with a new leader, `generation` with every change of weights.
 * Compared epoch first. The first pair ever is 1.1; 0.0 means "served without any desired state".
 */
export interface Generation {
  readonly epoch: number
  readonly generation: number
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export function compareGenerations(a: Generation, b: Generation): number {
  return a.epoch - b.epoch || a.generation - b.generation
}

/** `EPOCH.GENERATION`, as in span attributes and `If-Match`. */
export function formatGeneration(pair: Generation): string {
  return `${pair.epoch}.${pair.generation}`
}

/** Undefined for anything but two non-negative integers joined by a dot. */
export function parseGeneration(text: string): Generation | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(text)
  return match ? { epoch: Number(match[1]), generation: Number(match[2]) } : undefined
}
