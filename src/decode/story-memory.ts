import { createRecentMap } from './recent-map.ts'
import { SpanEntries } from './span-entries.ts'
import { type Group, openingOf, type Trace } from './story.ts'

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
      const known = traces.touch(traceId, nowMs)
      if (known && !isFullTrace(known)) return known
      const trace = createTrace()
      traces.set(traceId, trace, nowMs)
      return trace
    },
    group(requestId, nowMs, kept) {
      if (requestId === '') return createGroup('')
      const own = groups.touch(requestId, nowMs)
      if (own && !isFullGroup(own)) return own
      const known = own ?? kept
      const group = known && !isFullGroup(known) ? known : createGroup(requestId, known)
      groups.set(requestId, group, nowMs)
      return group
    },
    known: (requestId, nowMs) => groups.get(requestId, nowMs),
  }
}

function createTrace(): Trace {
  return { parents: undefined, requests: new SpanEntries(), attempts: new SpanEntries() }
}

const isFullTrace = ({ parents, requests, attempts }: Trace) =>
  Math.max(parents?.size ?? 0, requests.list.length, attempts.list.length) >= SPANS_MAX

const isFullGroup = ({ requests, attempts }: Group) =>
  Math.max(requests.length, attempts.length) >= SPANS_MAX

function createGroup(requestId: string, full?: Group): Group {
  const opening = full && openingOf(full)
  return {
    requestId,
    attempts: NONE,
    requests: opening ? [opening] : NONE,
    end: full?.end,
    toldEnd: full?.toldEnd,
    endRevision: full?.endRevision ?? 0,
    isExpired: full?.isExpired ?? false,
    isObserved: full?.isObserved ?? false,
  }
}

const NONE: readonly never[] = []
