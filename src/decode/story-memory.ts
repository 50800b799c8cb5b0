import { createRecentMap } from './recent-map.ts'
import { type AttemptEntry, type Group, openingOf, type Trace } from './story.ts'

export interface StoryMemory {
  trace(traceId: string, nowMs: number): Trace
  /** @param kept what somebody else still holds of it, when it is forgotten here */
  group(requestId: string, nowMs: number, kept?: Group): Group
  /** Undefined when nothing is known of it. */
  known(requestId: string, nowMs: number): Group | undefined
}

/** A quarter of a minute of 1,600 requests per second; measured at 110 MB. */
const STORIES_MAX = 25_000
/** Spans of one trace, or under one request id; beyond them memory of it starts anew. */
const SPANS_MAX = 200

/** Each remembers 25,000 at most, none untouched for longer than `ageMaxMs`. */
export function createStoryMemory(options: { readonly ageMaxMs: number }): StoryMemory {
  const traces = createRecentMap<Trace>({ countMax: STORIES_MAX, ...options })
  const groups = createRecentMap<Group>({ countMax: STORIES_MAX, ...options })
  return {
    trace(traceId, nowMs) {
      // Spans without a trace have nothing to do with each other.
      if (traceId === '') return createTrace()
      const known = traces.get(traceId, nowMs)
      const trace = known && !isFullTrace(known) ? known : createTrace()
      traces.set(traceId, trace, nowMs)
      return trace
    },
    group(requestId, nowMs, kept) {
      if (requestId === '') return createGroup('')
      const known = groups.get(requestId, nowMs) ?? kept
      const group = known && !isFullGroup(known) ? known : createGroup(requestId, known)
      groups.set(requestId, group, nowMs)
      return group
    },
    known: (requestId, nowMs) => groups.get(requestId, nowMs),
  }
}

function createTrace(): Trace {
  return { parents: new Map(), requests: new Map(), attempts: new Map() }
}

const isFullTrace = ({ parents, requests, attempts }: Trace) =>
  Math.max(parents.size, requests.size, attempts.size) >= SPANS_MAX

const isFullGroup = ({ requests, attempts }: Group) =>
  Math.max(requests.size, attempts.size) >= SPANS_MAX

function createGroup(requestId: string, full?: Group): Group {
  const { end, toldEnd, endRevision = 0, isExpired = false, isObserved = false } = full ?? {}
  const opening = full && openingOf(full)
  const requests = new Set(opening ? [opening] : [])
  const attempts = new Set<AttemptEntry>()
  return {
    ...{ requestId, attempts, requests, end, toldEnd, endRevision, isExpired, isObserved },
  }
}
