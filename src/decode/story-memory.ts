import { createRecentMap } from './recent-map.ts'
import { SpanEntries } from './span-entries.ts'
import { type AttemptEntry, type Group, openingOf, type RequestEntry, type Trace } from './story.ts'

export interface StoryMemory {
  trace(traceId: string, nowMs: number): Trace
  group(requestId: string, nowMs: number, beside?: Beside): Group
  /** Undefined when nothing is known of it. */
  known(requestId: string, nowMs: number): Group | undefined
}

interface Beside {
  /** What somebody else still holds of it, when it is forgotten here. */
  readonly kept?: Group | undefined
  /** One that was got just now, and may be what the id is of. */
  readonly trace?: Trace | undefined
}

/** A quarter of a minute of 1,600 requests per second; measured at 40 MB. */
const STORIES_MAX = 25_000
/** Spans of one trace, or under one request id; beyond them memory of it starts anew. */
const SPANS_MAX = 200

/** 25,000 traces, and as many other ids of requests, none untouched for longer than `ageMaxMs`. */
export function createStoryMemory(options: { readonly ageMaxMs: number }): StoryMemory {
  const traces = createRecentMap<Trace>({ countMax: STORIES_MAX, ...options })
  const groups = createRecentMap<Group>({ countMax: STORIES_MAX, ...options })
  return {
    trace(traceId, nowMs) {
      // Spans without a trace have nothing to do with each other.
      if (traceId === '') return createTrace('')
      const known = traces.touch(traceId, nowMs)
      if (known && !isFullTrace(known)) return known
      const trace = createTrace(traceId, known?.group)
      traces.set(traceId, trace, nowMs)
      return trace
    },
    group(requestId, nowMs, { kept, trace: given } = NOTHING) {
      if (requestId === '') return createGroup('')
      // Most requests have no other id than their trace's: then one look finds both.
      const trace = given?.traceId === requestId ? given : traces.get(requestId, nowMs)
      const own = trace?.group ?? groups.touch(requestId, nowMs)
      const known = own ?? kept
      const group = known && !isFullGroup(known) ? known : createGroup(requestId, known)
      if (trace) trace.group = group
      if (group !== own && (!trace || own)) groups.set(requestId, group, nowMs)
      return group
    },
    known: (requestId, nowMs) =>
      traces.get(requestId, nowMs)?.group ?? groups.get(requestId, nowMs),
  }
}

function createTrace(traceId: string, group?: Group): Trace {
  const [requests, attempts] = [new SpanEntries<RequestEntry>(), new SpanEntries<AttemptEntry>()]
  return { traceId, group, parents: undefined, requests, attempts }
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
    broughtBy: 0,
    touchedBy: 0,
  }
}

const NONE: readonly never[] = []
const NOTHING: Beside = {}
