import {
  bucketMsOf,
  createRingWindow,
  type RingWindow,
  type SavedRing,
} from '../lib/ring-window.ts'
import type { Item } from './kind.ts'

/** What each source contributed to one group of a rule. */
export interface Members {
  add(item: Item, isBad: boolean): void
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

export function createMembers({ windowMs, silentMs }: MembersOptions): Members {
  // Rates need no finer buckets, and a rule over hours must not cost megabytes per source.
  const bucketMs = Math.max(bucketMsOf(windowMs), windowMs / 360)
  const members = new Map<string, Member>()
  const addMember = (id: string, firstUnixMs: number): Member | undefined => {
    if (members.size >= MEMBERS_MAX) return undefined
    const ring = createRingWindow({
      bucketMs,
      windowMs,
      // The window before an absence is still read while the absence lasts.
      spanMs: windowMs * 2 + silentMs * 2,
      channelCount: 3,
    })
    const member = { id, ring, firstUnixMs, formerTotal: undefined }
    members.set(id, member)
    return member
  }
  const rate = ({ ring, firstUnixMs }: Member, endMs: number) => {
    // A burst is no rate: it is spread over the time after which a source counts as silent.
    const lengthMs = Math.min(windowMs, Math.max(silentMs, endMs - firstUnixMs))
    return ring.sum(TOTAL, endMs, lengthMs) / lengthMs
  }
  return {
    bucketMs,
    add(item, isBad) {
      const member = members.get(item.source.id) ?? addMember(item.source.id, item.atUnixMs)
      if (!member?.ring.add(item.atUnixMs, SAMPLES, item.count)) return
      member.ring.add(item.atUnixMs, TOTAL, item.weight)
      if (isBad) member.ring.add(item.atUnixMs, BAD, item.weight)
      member.firstUnixMs = Math.min(member.firstUnixMs, item.atUnixMs)
    },
    all: () => members.values(),
    delete: (id) => members.delete(id),
    rate,
    totalRate(endMs) {
      let total = 0
      for (const member of members.values()) total += rate(member, endMs)
      return total
    },
    clear: () => members.clear(),
    save: () =>
      [...members.values()].map(({ id, ring, firstUnixMs }) => ({
        ...{ id, firstUnixMs },
        ring: ring.save(),
      })),
    load: (saved) =>
      saved.every(({ id, ring, firstUnixMs }) => addMember(id, firstUnixMs)?.ring.load(ring)),
  }
}
