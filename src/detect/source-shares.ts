import { type Members, TOTAL } from './members.ts'
import type { SourceState, Sources } from './sources.ts'

/** Who sends to a group: at most SOURCES_SHOWN_MAX, the largest first. */
export interface SourceShares {
  readonly sources: readonly SourceShare[]
  /** Of all. */
  readonly count: number
}

export interface SourceShare {
  readonly id: string
  readonly component: string
  /** Of the group's items (adjusted counts) in the window; 0..1. */
  readonly share: number
  /** Since anything came of it; undefined for one that was forgotten. */
  readonly ageMs: number | undefined
  readonly state: 'sending' | 'quiet' | 'silent' | 'behind'
}

export interface SharesQuery {
  readonly members: Members
  readonly options: { readonly sources: Sources; readonly windowMs: number }
  readonly endUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

const SOURCES_SHOWN_MAX = 20

export function sharesOf({ members, options, endUnixMs, nowMs }: SharesQuery): SourceShares {
  const { sources, windowMs } = options
  members.settle()
  const sums = [...members.all()].map(({ id, ring }) => {
    return { id, items: ring.sum(TOTAL, endUnixMs, windowMs) }
  })
  const total = sums.reduce((sum, { items }) => sum + items, 0)
  const largest = sums.sort((a, b) => b.items - a.items).slice(0, SOURCES_SHOWN_MAX)
  return {
    count: sums.length,
    sources: largest.map(({ id, items }) => {
      const state = sources.get(id)
      return {
        id,
        component: state?.component ?? 'other',
        share: total === 0 ? 0 : items / total,
        ageMs: state && Math.max(0, nowMs - state.heardMs),
        state: stateOf({ sources, state, nowMs }),
      }
    }),
  }
}

/** `quiet`: nothing came for a while, but it never sent so steadily that it would be missed. */
function stateOf(query: { sources: Sources; state: SourceState | undefined; nowMs: number }) {
  const { sources, state, nowMs } = query
  if (!state) return 'quiet'
  if (sources.isSilent(state, nowMs)) return 'silent'
  if (sources.isBehind(state, nowMs)) return 'behind'
  return sources.isActive(state, nowMs) ? 'sending' : 'quiet'
}
