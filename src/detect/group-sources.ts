import type { Item } from './kind.ts'
import { STRETCH_MAX } from './kind.ts'
import {
  BAD,
  createMembers,
  type Member,
  type Members,
  SAMPLES,
  type SavedMember,
  TOTAL,
} from './members.ts'
import { type SourceShares, sharesOf } from './source-shares.ts'
import type { SourceState, Sources } from './sources.ts'

/** What the sources of one group say: m (what is missing), the watermark, and who is a witness. */
export interface GroupSources {
  add(item: Item, isBad: boolean): void
  /** What is missing now; cheap when nobody is absent. */
  missingAt(at: SourceInstant): Missing
  /** Least (newest event − lateness) over active sources; undefined when none is active. */
  watermarkUnixMs(nowMs: number): number | undefined
  /** Routers whose own items breach `above` with at least `countMin` of their own. */
  witnesses(query: WitnessQuery): readonly string[]
  /** Who sent what of the window that ends there. */
  shares(endUnixMs: number, nowMs: number): SourceShares
  restart(): void
  save(): unknown
  /** False for what no group of this rule saved. */
  load(saved: unknown): boolean
  /** Nobody listened in this time: what would have come then is missing, until it comes after all. */
  wasDeaf(deaf: Deaf): void
}

/** A time in which Signalbox itself was down (event time). */
export interface Deaf {
  readonly fromUnixMs: number
  readonly untilUnixMs: number
}

/**
 * m = Σ over silent sources (and sources far behind) of rate before × min(silence, window). 0 once
 * the others carry at least 95 % of the former total; less than one item of a source is nothing.
 */
export interface Missing {
  items(windowMs: number): number
  /** `router-2 silent for 14 s`; undefined when nothing is missing. */
  readonly reason: string | undefined
}

export interface SourceInstant {
  readonly endUnixMs: number
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

export interface WitnessQuery {
  readonly endUnixMs: number
  readonly above: number
  readonly countMin: number
}

export interface GroupSourcesOptions {
  readonly sources: Sources
  readonly windowMs: number
  readonly latenessMs: number
  readonly silentMs: number
  /** A router unheard for so long is no longer missed; anything else not beyond the window. */
  readonly memoryMs: number
  /**
   * A ratio bounds what a late source still owes. Other kinds cannot, and would never judge a sender
   * whose pipeline always takes longer than `lateness`: they count only an unusual backlog.
   */
  readonly isRatio: boolean
  /** Whether a router's items come by its statuses, which are never late; else by spans. */
  isCounted(router: string): boolean
}

interface Absence {
  readonly member: Member
  readonly text: string
  readonly forMs: number
  /** Newest event time of what came before. */
  readonly sinceUnixMs: number
}

const CARRIED = 0.95
const NOTHING: Missing = { items: () => 0, reason: undefined }

export function createGroupSources(options: GroupSourcesOptions): GroupSources {
  const { sources, windowMs } = options
  const members = createMembers(options)
  let deaf: Deaf | undefined
  let wasAbsent = false
  const unheardAt = ({ endUnixMs }: SourceInstant): Missing => {
    if (deaf && endUnixMs - deaf.untilUnixMs > windowMs * STRETCH_MAX) deaf = undefined
    return deaf ? unheard({ members, deaf, endUnixMs, windowMs }) : NOTHING
  }
  return {
    add: (item, isBad) => members.add(item, isBad),
    missingAt(at) {
      members.settle()
      if (!wasAbsent && !deaf && !sources.mayMiss(at.nowMs)) return NOTHING
      const absent = absences({ members, at, options })
      wasAbsent = absent.length > 0
      const missed = absent.filter((one) => !isCarried({ members, absent, at, windowMs }, one))
      const past = deaf ? unheardAt(at) : NOTHING
      if (missed.length === 0) return past
      return {
        items: (ofMs) =>
          missed.reduce((total, { member, forMs, sinceUnixMs }) => {
            const items = members.rate(member, sinceUnixMs) * Math.min(forMs, ofMs)
            // The part of an item that a source might have sent is not an item.
            return items >= 1 ? total + items : total
          }, past.items(ofMs)),
        reason: [...missed.map(({ text }) => text), ...[past.reason ?? []].flat()].join(', '),
      }
    },
    watermarkUnixMs(nowMs) {
      members.settle()
      let least: number | undefined
      for (const { id } of members.all()) {
        const state = sources.get(id)
        if (!state || !sources.isActive(state, nowMs)) continue
        least = Math.min(least ?? state.newestUnixMs, state.newestUnixMs)
      }
      return least === undefined ? undefined : least - options.latenessMs
    },
    witnesses({ endUnixMs, above, countMin }) {
      const ids: string[] = []
      for (const { id, ring } of members.all()) {
        const bad = ring.sum(BAD, endUnixMs, windowMs)
        if (bad <= above * ring.sum(TOTAL, endUnixMs, windowMs)) continue
        if (ring.sum(SAMPLES, endUnixMs, windowMs) < countMin) continue
        if (sources.get(id)?.component === 'router') ids.push(id)
      }
      return ids.sort()
    },
    shares: (endUnixMs, nowMs) => sharesOf({ members, options, endUnixMs, nowMs }),
    restart: () => members.clear(),
    save: () => ({ members: members.save(), deaf }),
    load(saved) {
      const known = saved as { members: readonly SavedMember[]; deaf: Deaf | undefined }
      deaf = known.deaf
      return members.load(known.members)
    },
    wasDeaf(next) {
      if (next.untilUnixMs - next.fromUnixMs > options.silentMs) deaf = next
    },
  }
}

interface AbsenceQuery {
  readonly members: Members
  readonly at: SourceInstant
  readonly options: GroupSourcesOptions
}

function absences({ members, at, options }: AbsenceQuery): Absence[] {
  const found: Absence[] = []
  for (const member of members.all()) {
    const state = options.sources.get(member.id)
    const absence = state && absenceOf({ member, state, at, options })
    if (!absence) {
      member.formerTotal = undefined
      continue
    }
    // Workers come and go: what one contributed is past when the window is.
    const memoryMs = state.component === 'router' ? options.memoryMs : options.windowMs
    if (absence.forMs > memoryMs) members.delete(member.id)
    else found.push(absence)
  }
  return found
}

function absenceOf(query: {
  member: Member
  state: SourceState
  at: SourceInstant
  options: GroupSourcesOptions
}): Absence | undefined {
  const { member, state, at, options } = query
  const { sources } = options
  const isLate = options.isRatio ? sources.isBehind : sources.isUnusuallyBehind
  const isBehind = !options.isCounted(member.id) && isLate(state, at.nowMs)
  const isSilent = sources.isSilent(state, at.nowMs)
  if (!isSilent && !isBehind) return undefined
  const sinceUnixMs = isSilent ? state.newestUnixMs : state.newestTelemetryUnixMs
  const forMs = isSilent ? at.nowMs - state.heardMs : at.nowUnixMs - sinceUnixMs
  const text = `${member.id} ${isSilent ? 'silent' : 'behind'} for ${Math.floor(forMs / 1_000)} s`
  return { member, text, forMs, sinceUnixMs }
}

interface CarriedQuery {
  readonly members: Members
  readonly absent: readonly Absence[]
  readonly at: SourceInstant
  readonly windowMs: number
}

/** Whether those who are present send what everyone sent before this one went. */
function isCarried({ members, absent, at, windowMs }: CarriedQuery, one: Absence): boolean {
  const { member, sinceUnixMs } = one
  const { bucketMs } = members
  member.formerTotal ??= members.totalRate(sinceUnixMs)
  // Whole buckets only: the last one is still filling.
  const endMs = at.endUnixMs - bucketMs
  const lengthMs = Math.floor(Math.min(windowMs, endMs - sinceUnixMs) / bucketMs) * bucketMs
  if (lengthMs <= 0) return false
  const gone = new Set(absent.map((other) => other.member))
  let others = 0
  for (const other of members.all())
    if (!gone.has(other)) others += other.ring.sum(TOTAL, endMs, lengthMs)
  return others / lengthMs >= CARRIED * member.formerTotal
}

interface UnheardQuery {
  readonly members: Members
  readonly deaf: Deaf
  readonly endUnixMs: number
  readonly windowMs: number
}

/**
 * What Signalbox missed while it was down, as if everyone had been silent; senders that try again
 * bring it after all, and 95 % of it are enough.
 */
function unheard({ members, deaf, endUnixMs, windowMs }: UnheardQuery): Missing {
  const { fromUnixMs, untilUnixMs } = deaf
  const rate = members.totalRate(fromUnixMs)
  const items = (ofMs: number) => {
    const endMs = Math.min(endUnixMs, untilUnixMs)
    const lengthMs = endMs - Math.max(endUnixMs - ofMs, fromUnixMs)
    if (lengthMs <= 0) return 0
    let came = 0
    for (const { ring } of members.all()) came += ring.sum(TOTAL, endMs, lengthMs)
    const expected = rate * lengthMs
    return expected < 1 || came >= CARRIED * expected ? 0 : expected - came
  }
  const downS = Math.round((untilUnixMs - fromUnixMs) / 1_000)
  const reason = items(windowMs) > 0 ? `Signalbox was down for ${downS} s` : undefined
  return { items, reason }
}
