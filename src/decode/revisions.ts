/** Numbers of rows that say something anew, and the way back when rows are taken out again. */
export interface Revisions {
  /** A new export request. What was done by the last one can no longer be undone. */
  start(nowUnixMs: number): void
  /** Greater than every one before, over restarts too; below 2^53. */
  next(): number
  /** To be undone when the rows are taken back, in the same order. */
  onUndo(told: Undoable): void
  undo(): void
}

export interface Undoable {
  undo(): void
}

/** Of one millisecond, before numbers run ahead of the clock, which does no harm. */
const PER_MS = 1_000

export function createRevisions(): Revisions {
  let last = 0
  let nowMs = 0
  let undos: Undoable[] = []
  return {
    start(nowUnixMs) {
      nowMs = nowUnixMs
      undos = []
    },
    next() {
      last = Math.max(last + 1, Math.floor(nowMs * PER_MS))
      return last
    },
    onUndo: (told) => undos.push(told),
    undo() {
      for (const one of undos.splice(0)) one.undo()
    },
  }
}
