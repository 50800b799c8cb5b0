import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { type Item, STRETCH_MAX } from './kind.ts'
import {
  BUCKETS_MAX,
  createFresh,
  type Fresh,
  isSavedFresh,
  type SavedFresh,
} from './novelty-fresh.ts'
import { createNoveltyMemory } from './novelty-memory.ts'
import type { Template } from './templates.ts'

/**
 * Which templates are new to a group and which it knows. At most FRESH_MAX are new at one time (the
 * one without a line for longest is then known), each with its lines in at most BUCKETS_MAX buckets; some
 * 6,000 ids are known (novelty-memory.ts).
 */
export interface NoveltyBook {
  /** Takes a line; whether its template is new. */
  take(template: Template, item: Item): boolean
  /** Takes a line of a template that is known from then on. */
  learn(template: Template, item: Item): void
  /** The templates that are new at an event time. */
  fresh(atUnixMs: number): readonly Fresh[]
  /** Forgets lines, not what is known. */
  restart(): void
  save(): unknown
  /** Replaces everything; false, and empty, when `saved` is not of such a rule. Total. */
  load(saved: unknown): boolean
}

const FRESH_MAX = 256

export function createNoveltyBook(rule: RuleOf<'novelty'>): NoveltyBook {
  const { windowMs, unseenForMs, trip, clear } = rule
  const newForMs = windowMs * STRETCH_MAX
  const spanMs = Math.max(windowMs, clear.windowMs)
  const options = {
    // Coarser than elsewhere for windows over 90 s, since there may be FRESH_MAX of them.
    bucketMs: Math.max(bucketMsOf(windowMs), windowMs / 90, spanMs / BUCKETS_MAX),
    spanMs,
    distinctMin: trip.distinctMin,
  }
  const memory = createNoveltyMemory({ graceMs: unseenForMs / 1_000 })
  /** Least recently heard first. */
  const fresh = new Map<string, Fresh>()

  const isKnown = (id: string, atUnixMs: number) => {
    const lastMs = memory.lastSeen(id)
    return lastMs !== undefined && atUnixMs - lastMs <= unseenForMs
  }
  const retire = (one: Fresh) => {
    fresh.delete(one.id)
    memory.saw(one.id, one.firstUnixMs)
    if (one.lastUnixMs > one.firstUnixMs) memory.saw(one.id, one.lastUnixMs)
  }
  const retireBefore = (atUnixMs: number) => {
    for (const one of fresh.values()) if (atUnixMs - one.firstUnixMs > newForMs) retire(one)
  }
  const freshOf = ({ id, text, from }: Template, atUnixMs: number): Fresh | undefined => {
    const found = fresh.get(id)
    if (found || isKnown(id, atUnixMs)) return found
    // A template that others became: known when one of them is, else as new as they are.
    const parts = from.map((one) => fresh.get(one)).filter((one) => one !== undefined)
    for (const part of parts) fresh.delete(part.id)
    if (from.some((one) => isKnown(one, atUnixMs))) return undefined
    const made = createFresh({ id, text, firstUnixMs: atUnixMs }, options)
    for (const part of parts) made.absorb(part)
    return made
  }

  return {
    take(template, item) {
      retireBefore(item.atUnixMs)
      const found = freshOf(template, item.atUnixMs)
      if (!found) {
        memory.saw(template.id, item.atUnixMs)
        return false
      }
      found.add(item)
      fresh.delete(found.id)
      fresh.set(found.id, found)
      const [oldest] = fresh.values()
      if (fresh.size > FRESH_MAX && oldest) retire(oldest)
      return true
    },
    learn: ({ id }, { atUnixMs }) => memory.saw(id, atUnixMs),
    fresh(atUnixMs) {
      retireBefore(atUnixMs)
      return [...fresh.values()]
    },
    restart: () => fresh.clear(),
    save: () => ({
      windowMs,
      memory: memory.save(),
      fresh: [...fresh.values()].map((one) => one.save()),
    }),
    load(saved) {
      fresh.clear()
      memory.clear()
      const read = (saved ?? {}) as Partial<Record<string, unknown>>
      // Buckets of another window say nothing in this one.
      if (read.windowMs !== windowMs || !areSavedFresh(read.fresh)) return false
      if (!memory.load(read.memory)) return false
      for (const one of read.fresh) fresh.set(one.id, createFresh(one, options))
      return true
    },
  }
}

function areSavedFresh(list: unknown): list is readonly SavedFresh[] {
  return Array.isArray(list) && list.length <= FRESH_MAX && list.every(isSavedFresh)
}
