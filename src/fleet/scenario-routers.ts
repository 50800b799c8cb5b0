import type { RequestOutcome } from '../model/attempt.ts'
import type { RouterStatus, TargetCounters } from '../model/router-status.ts'

/** What a router counts, for its status of every second. */
export interface RouterBook {
  add(attempt: CountedAttempt): void
  /** Its status at a whole second; later ones are asked for later. */
  statusAt(atUnixMs: number, generation: number): RouterStatus
  /** A new process: counters start anew, what was open is gone. */
  reboot(): void
}

interface CountedAttempt {
  readonly target: string
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly outcome: RequestOutcome
}

export const EPOCH = 3

type Ended = Record<RequestOutcome, number>
const NONE: Ended = { ok: 0, failed: 0, rejected: 0, cancelled: 0 }

/** Attempts of one target by the second in which they start and end, and those that are open. */
interface TargetBook {
  readonly starts: Map<number, number>
  readonly ends: Map<number, Ended>
  /** By start; bounded by what is open at once. */
  open: CountedAttempt[]
  started: number
  readonly ended: Ended
}

export function createRouterBook(route: string, router: string): RouterBook {
  const targets = new Map<string, TargetBook>()
  let bootCount = 1
  let lastSecond: number | undefined
  const bookOf = (target: string): TargetBook => {
    const known = targets.get(target)
    if (known) return known
    const book = { starts: new Map(), ends: new Map(), open: [], started: 0, ended: { ...NONE } }
    targets.set(target, book)
    return book
  }
  return {
    add(attempt) {
      const book = bookOf(attempt.target)
      const [first, last] = [secondOf(attempt.startUnixMs), secondOf(attempt.endUnixMs)]
      book.starts.set(first, (book.starts.get(first) ?? 0) + 1)
      const ends = book.ends.get(last) ?? { ...NONE }
      ends[attempt.outcome] += 1
      book.ends.set(last, ends)
      let place = book.open.length
      while (place > 0 && (book.open[place - 1]?.startUnixMs ?? 0) > attempt.startUnixMs) place--
      book.open.splice(place, 0, attempt)
    },
    statusAt(atUnixMs, generation) {
      const second = atUnixMs / 1_000
      for (let passed = lastSecond ?? second - 1; passed < second; passed++)
        for (const book of targets.values()) count(book, passed + 1)
      lastSecond = second
      const counters = [...targets].map(([target, book]) => [target, countersAt(book, atUnixMs)])
      return {
        boot_id: `${router}-boot-${bootCount}`,
        clock: new Date(atUnixMs).toISOString(),
        observed: { [route]: { epoch: EPOCH, generation } },
        routes: { [route]: { targets: Object.fromEntries(counters) } },
      }
    },
    reboot() {
      bootCount++
      targets.clear()
    },
  }
}

function count(book: TargetBook, second: number): void {
  book.started += book.starts.get(second) ?? 0
  const ends = book.ends.get(second)
  if (ends) for (const key of Object.keys(NONE) as RequestOutcome[]) book.ended[key] += ends[key]
  book.starts.delete(second)
  book.ends.delete(second)
}

function countersAt(book: TargetBook, atUnixMs: number): TargetCounters {
  if (book.open.some(({ endUnixMs }) => endUnixMs <= atUnixMs))
    book.open = book.open.filter(({ endUnixMs }) => endUnixMs > atUnixMs)
  const open = book.open.filter(({ startUnixMs }) => startUnixMs <= atUnixMs)
  const [oldest] = open
  return {
    started: book.started,
    ...book.ended,
    inflight: open.length,
    oldest_ms: oldest ? Math.round(atUnixMs - oldest.startUnixMs) : 0,
  }
}

function secondOf(unixMs: number): number {
  return Math.ceil(unixMs / 1_000)
}
