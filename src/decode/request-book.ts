import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { StoredAttempt, StoredRequest } from '../model/stored.ts'
import { attribute } from './attribution.ts'
import { createOpenJobs, type JobEvents } from './jobs.ts'
import { routeOf } from './judge.ts'
import { type FoundEnd, firstEnd } from './request-end.ts'
import {
  type AttemptEntry,
  type Group,
  isAsynchronous,
  openingOf,
  type RequestEntry,
  type Trace,
} from './story.ts'
import { createStoryMemory, type StoryMemory } from './story-memory.ts'
import { createTelling, type Telling } from './telling.ts'

// All attempts and requests that are known, by whatever has come so far. Whoever brings something
// new adds it, and then everything that it touches is told: rows, and requests that ended by it.

/** An asynchronous request that has ended, or will not. */
export interface EndedRequest {
  readonly request: Request
  readonly source: Source
}

export interface RequestBook {
  /** A new export request, or tick. */
  start(nowUnixMs: number): void
  addParent(traceId: string, spanId: string, parentSpanId: string): void
  /** Returns the entry that counts: the same span may have come before. */
  addAttempt(entry: AttemptEntry): AttemptEntry
  addRequest(entry: RequestEntry): RequestEntry
  addEnd(found: FoundEnd): void
  /** Writes all that has changed since `start`. */
  settle(): EndedRequest[]
  attemptOf(entry: AttemptEntry): Attempt
  /** Adds the requests whose deadline has passed. */
  expire(nowUnixMs: number): void
  /** What is known of a request by its id, '' where nothing is. */
  placeOf(requestId: string): { readonly route: string; readonly target: string }
  /** The rows since `start` were taken back. */
  forgetLast(): void
}

export interface RequestBookOptions {
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  topology(): Topology
  readonly jobEvents?: JobEvents
  attempt(row: StoredAttempt): void
  request(row: StoredRequest): void
}

/** Exporters send every half second: an end may be on its way when the deadline passes. */
const GRACE_MS = 1_000
/** At once; the rest comes with the next tick. */
const EXPIRED_MAX = 10_000

export function createRequestBook(options: RequestBookOptions): RequestBook {
  const memory = createStoryMemory({ ageMaxMs: options.timings.attemptMemoryMs })
  const jobs = createOpenJobs({ ...(options.jobEvents && { events: options.jobEvents }) })
  let nowUnixMs = 0
  const telling = createTelling({
    ...options,
    alsoOf: ({ hasOwnId, said }) => (hasOwnId ? memory.known(said.traceId, nowUnixMs) : undefined),
  })
  const page: Page = { number: 0, traces: new Map(), touched: [] }
  /** To be told with the next tick, since their rows were taken back. */
  let again: readonly Group[] = []
  let isTick = false
  const groupOf = (requestId: string, trace?: Trace) => {
    const kept = jobs.count > 0 ? jobs.get(requestId) : undefined
    return memory.group(requestId, nowUnixMs, { kept, trace })
  }
  const touch = (group: Group) => {
    if (group.touchedBy === page.number) return
    group.touchedBy = page.number
    page.touched.push(group)
  }
  const traceOf = (traceId: string) => memory.trace(traceId, nowUnixMs)
  return {
    ...createReading({ memory, telling, now: () => nowUnixMs }),
    ...createAdding({ page, groupOf, touch, traceOf }),
    start(atUnixMs) {
      nowUnixMs = atUnixMs
      isTick = false
      page.number++
      page.traces.clear()
      page.touched = []
      telling.start(atUnixMs)
    },
    settle() {
      for (const trace of page.traces.values()) attribute(trace, { groupOf, touch })
      for (const group of page.touched) telling.tell(group, page.number)
      const context = { options, jobs, nowUnixMs }
      const ended: EndedRequest[] = []
      for (const group of page.touched) {
        const found = follow(group, context)
        if (found) ended.push(found)
      }
      return ended
    },
    expire(atUnixMs) {
      isTick = true
      for (const { requestId } of jobs.takeDue(atUnixMs, EXPIRED_MAX)) {
        const group = groupOf(requestId)
        group.isExpired = true
        touch(group)
      }
      for (const group of again) touch(group)
      again = []
    },
    forgetLast() {
      telling.forgetLast()
      if (isTick) again = page.touched
    },
  }
}

/** What one export request brings. */
interface Page {
  /** From 1; another for each. */
  number: number
  readonly traces: Map<string, Trace>
  /** In the order in which they were, each once. */
  touched: Group[]
}

interface AddingOptions {
  readonly page: Page
  groupOf(requestId: string): Group
  touch(group: Group): void
  traceOf(traceId: string): Trace
}

function createAdding({ page, groupOf, touch, traceOf }: AddingOptions) {
  const { traces } = page
  const open = (traceId: string): Trace => {
    const known = traces.get(traceId)
    if (known) return known
    const trace = traceOf(traceId)
    traces.set(traceId, trace)
    return trace
  }
  return {
    addParent(traceId: string, spanId: string, parentSpanId: string) {
      if (parentSpanId === '') return
      const trace = open(traceId)
      trace.parents ??= new Map()
      trace.parents.set(spanId, parentSpanId)
    },
    addAttempt(entry: AttemptEntry): AttemptEntry {
      const known = open(entry.said.traceId).attempts.add(entry)
      known.broughtBy = page.number
      return known
    },
    addRequest(entry: RequestEntry): RequestEntry {
      const known = open(entry.said.traceId).requests.add(entry)
      known.own ??= entry.own
      known.hasOwn = entry.own !== undefined
      known.broughtBy = page.number
      return known
    },
    addEnd({ requestId, end }: FoundEnd) {
      const group = groupOf(requestId)
      group.end = firstEnd(group.end, end)
      group.broughtBy = page.number
      touch(group)
    },
  }
}

interface FollowContext {
  readonly options: RequestBookOptions
  readonly jobs: ReturnType<typeof createOpenJobs>
  readonly nowUnixMs: number
}

/** Waits for the end of a request that goes on; gives back one that has ended, once. */
function follow(group: Group, { options, jobs, nowUnixMs }: FollowContext) {
  if (!isAsynchronous(group)) return undefined
  const opening = openingOf(group)
  if (!group.end && !group.isExpired) {
    const deadlineMs = options.topology().deadlineMsOf(opening?.said.route ?? '')
    jobs.open(group, nowUnixMs + deadlineMs + GRACE_MS)
    return undefined
  }
  jobs.close(group)
  const told = opening?.told ?? group.toldEnd
  if (group.isObserved || !told || !isJudged(told)) return undefined
  group.isObserved = true
  const source = opening?.source ?? group.end?.source
  return source && { request: told, source }
}

interface ReadingOptions {
  readonly memory: StoryMemory
  readonly telling: Telling
  now(): number
}

function createReading({ memory, telling, now }: ReadingOptions) {
  return {
    attemptOf: telling.attemptOf,
    placeOf(requestId: string) {
      const group = memory.known(requestId, now())
      const attempts = group?.attempts ?? []
      const served = attempts.find(({ said }) => said.outcome === 'ok')
      const opening = group && openingOf(group)
      const own = attempts.map(routeOf).find((route) => route !== '')
      return {
        route: opening?.said.route || group?.end?.said.route || own || '',
        target: served?.said.target ?? opening?.target ?? '',
      }
    },
  }
}

export function isJudged(told: StoredRequest): told is StoredRequest & Request {
  return told.outcome !== 'unknown'
}
