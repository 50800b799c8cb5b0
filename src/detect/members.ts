import {
  bucketMsOf,
  createRingWindow,
  type RingWindow,
  type SavedRing,
} from '../lib/ring-window.ts'
import type { Item } from './kind.ts'

/** What each source contributed to one group of a rule. */
export interface Members {
  /** Adds up items of one source and bucket; they show when another comes, or after `settle`. */
  add(item: Item, isBad: boolean): void
  /** To be called before anything is read. */
  settle(): void
  all(): IterableIterator<Member>
  delete(id: string): void
  /** Items per ms of one source in the window ending at `endMs`. */
  rate(member: Member, endMs: number): number
  /** Items per ms of all sources in the window ending at `endMs`. */
  totalRate(endMs: number): number
  clear(): void
  readonly bucketMs: number
  save(): readonly SavedMember[]
  load(saved: readonly SavedMember[]): boolean
}

export interface SavedMember {
  readonly id: string
  readonly ring: SavedRing
  readonly firstUnixMs: number
  /** As of `Member`: rings no longer reach back to when it went. Absent in older files. */
  readonly formerTotal?: number | undefined
}

export interface Member {
  readonly id: string
  readonly ring: RingWindow
  firstUnixMs: number
  /** Items per ms of all sources when this one went absent; undefined while it is present. */
  formerTotal: number | undefined
}

export const SAMPLES = 0
export const TOTAL = 1
export const BAD = 2

const MEMBERS_MAX = 256

export interface MembersOptions {
  readonly windowMs: number
  readonly silentMs: number
}

export function createMembers(options: MembersOptions): Members {
  return new MemberBook(options)
}

/** A class, since there may be thousands. */
class MemberBook implements Members {
  readonly bucketMs: number
  readonly #options: MembersOptions
  readonly #members = new Map<string, Member>()
  /** Items that were not added yet: of one source, in one bucket. */
  readonly #run = {
    id: '',
    fromUnixMs: 0,
    untilUnixMs: 0,
    firstUnixMs: 0,
    count: 0,
    weight: 0,
    bad: 0,
  }

  constructor(options: MembersOptions) {
    this.#options = options
    // Rates need no finer buckets, and a rule over hours must not cost megabytes per source.
    this.bucketMs = Math.max(bucketMsOf(options.windowMs), options.windowMs / 360)
  }

  add({ source, atUnixMs, count, weight }: Item, isBad: boolean): void {
    const run = this.#run
    if (source.id !== run.id || atUnixMs < run.fromUnixMs || atUnixMs >= run.untilUnixMs) {
      this.settle()
      run.id = source.id
      run.fromUnixMs = Math.floor(atUnixMs / this.bucketMs) * this.bucketMs
      run.untilUnixMs = run.fromUnixMs + this.bucketMs
      run.firstUnixMs = atUnixMs
    }
    run.count += count
    run.weight += weight
    if (isBad) run.bad += weight
    if (atUnixMs < run.firstUnixMs) run.firstUnixMs = atUnixMs
  }

  settle(): void {
    const { id, firstUnixMs, count, weight, bad } = this.#run
    if (count === 0) return
    this.#forgetRun()
    const member = this.#members.get(id) ?? this.#addMember(id, firstUnixMs)
    if (!member?.ring.addItem(firstUnixMs, { count, weight }, TOTAL)) return
    if (bad > 0) member.ring.add(firstUnixMs, BAD, bad)
    member.firstUnixMs = Math.min(member.firstUnixMs, firstUnixMs)
  }

  all(): IterableIterator<Member> {
    return this.#members.values()
  }

  delete(id: string): void {
    this.#members.delete(id)
  }

  rate({ ring, firstUnixMs }: Member, endMs: number): number {
    const { windowMs, silentMs } = this.#options
    // A burst is no rate: it is spread over the time after which a source counts as silent.
    const lengthMs = Math.min(windowMs, Math.max(silentMs, endMs - firstUnixMs))
    return ring.sum(TOTAL, endMs, lengthMs) / lengthMs
  }

  totalRate(endMs: number): number {
    let total = 0
    for (const member of this.#members.values()) total += this.rate(member, endMs)
    return total
  }

  clear(): void {
    this.#forgetRun()
    this.#members.clear()
  }

  save(): readonly SavedMember[] {
    this.settle()
    return [...this.#members.values()].map(({ ring, ...facts }) => ({
      ...facts,
      ring: ring.save(),
    }))
  }

  load(saved: readonly SavedMember[]): boolean {
    return saved.every(({ id, ring, firstUnixMs, formerTotal }) => {
      const member = this.#addMember(id, firstUnixMs)
      if (!member?.ring.load(ring)) return false
      member.formerTotal = formerTotal
      return true
    })
  }

  #forgetRun(): void {
    this.#run.count = 0
    this.#run.weight = 0
    this.#run.bad = 0
  }

  #addMember(id: string, firstUnixMs: number): Member | undefined {
    if (this.#members.size >= MEMBERS_MAX) return undefined
    const { windowMs, silentMs } = this.#options
    const ring = createRingWindow({
      ...{ bucketMs: this.bucketMs, windowMs, channelCount: 3 },
      // The window before an absence is still read while the absence lasts.
      spanMs: windowMs * 2 + silentMs * 2,
    })
    const member: Member = { id, ring, firstUnixMs, formerTotal: undefined }
    this.#members.set(id, member)
    return member
  }
}
