/** Something with a life: started in order, stopped in reverse; `stop` is safe twice and unstarted. */
export interface Part {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts parts in order; when one fails, stops those already started, in reverse, and rethrows. */
export async function startAll(parts: readonly Part[]): Promise<void> {
  const started: Part[] = []
  try {
    for (const part of parts) {
      started.push(part)
      await part.start()
    }
  } catch (fault) {
    await stopAll(started)
    throw fault
  }
}

/** Stops parts in reverse; one that fails does not keep the others from stopping. */
export async function stopAll(parts: readonly Part[]): Promise<void> {
  const faults: unknown[] = []
  for (const part of [...parts].reverse()) await part.stop().catch((fault) => faults.push(fault))
  if (faults.length > 0) throw new AggregateError(faults, 'some parts did not stop cleanly')
}
