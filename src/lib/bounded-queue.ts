/** A FIFO that refuses work instead of growing, so that overload shows up at the door. */
export interface BoundedQueue<T> {
  /** Adds an item. Returns false, and adds nothing, when `countMax` items are waiting. */
  offer(item: T): boolean
  /** Removes and returns up to `count` items, oldest first. */
  take(count: number): T[]
  readonly count: number
}

export function createBoundedQueue<T>(options: { countMax: number }): BoundedQueue<T> {
  const items: T[] = []
  return {
    offer(item) {
      if (items.length >= options.countMax) return false
      items.push(item)
      return true
    },
    take: (count) => items.splice(0, count),
    get count() {
      return items.length
    },
  }
}
