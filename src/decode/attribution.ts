import type { SaidRequest } from './said.ts'
import { addTo } from './span-entries.ts'
import type { AttemptEntry, Group, RequestEntry, Trace } from './story.ts'

// Which request an attempt belongs to: the one whose id it carries; else the request span above it,
// through any number of other spans; else, when the spans between are lost, the only request of its
// trace during which it began. The answer depends on what is known, not on how it came.

const HOPS_MAX = 64

interface AttributeContext {
  groupOf(requestId: string, trace: Trace): Group
  /** Told of every group concerned. */
  touch(group: Group): void
}

/** Puts every request and attempt of the trace where it belongs now. */
export function attribute(trace: Trace, context: AttributeContext): void {
  for (const request of trace.requests.list) {
    const group = context.groupOf(request.said.requestId, trace)
    group.requests = addTo(group.requests, request)
    context.touch(group)
    if (request.own) move(request.own, group, context)
  }
  for (const entry of trace.attempts.list) {
    const above = requestAbove(trace, entry) ?? onlyRequestAt(trace, entry)
    entry.requestSpanId = above?.said.spanId ?? ''
    entry.routeAbove = above?.said.route ?? ''
    const requestId = entry.said.requestId || above?.said.requestId || trace.traceId
    move(entry, context.groupOf(requestId, trace), context)
  }
}

function move(entry: AttemptEntry, group: Group, { touch }: AttributeContext): void {
  const before = entry.group
  if (before && before !== group) {
    before.attempts = before.attempts.filter((one) => one !== entry)
    touch(before)
  }
  entry.group = group
  group.attempts = addTo(group.attempts, entry)
  touch(group)
}

function requestAbove(trace: Trace, { parentSpanId }: AttemptEntry): RequestEntry | undefined {
  let spanId: string | undefined = parentSpanId
  for (let hops = 0; hops < HOPS_MAX && spanId; hops++) {
    const request = trace.requests.get(spanId)
    if (request) return request
    spanId = trace.parents?.get(spanId) ?? trace.attempts.get(spanId)?.parentSpanId
  }
  return undefined
}

function onlyRequestAt(trace: Trace, { said }: AttemptEntry): RequestEntry | undefined {
  let found: RequestEntry | undefined
  for (const request of trace.requests.list) {
    const { startUnixNs, endUnixNs } = request.said
    if (said.startUnixNs < startUnixNs || said.startUnixNs > endUnixNs) continue
    if (found) return undefined
    found = request
  }
  return found
}

/** Attempts of a request that is one SERVER span, oldest first; several may share its id. */
export function attemptsOf(
  request: RequestEntry,
  groups: readonly Group[],
): readonly AttemptEntry[] {
  let found: readonly AttemptEntry[] = NONE
  for (const { attempts } of groups) {
    // Mostly all of the only one.
    const own = attempts.every((one) => isOf(one, request.said))
      ? attempts
      : attempts.filter((one) => isOf(one, request.said))
    found = found.length === 0 ? own : [...found, ...own]
  }
  return found.length > 1 ? inOrder(found) : found
}

const NONE: readonly never[] = []

function isOf({ requestSpanId, said, isOwn }: AttemptEntry, request: SaidRequest): boolean {
  if (isOwn) return false
  if (requestSpanId !== '') return requestSpanId === request.spanId
  return said.startUnixNs >= request.startUnixNs && said.startUnixNs <= request.endUnixNs
}

/** Oldest first; the order of their span ids where they began at the same moment. */
export function inOrder(attempts: readonly AttemptEntry[]): AttemptEntry[] {
  return [...attempts].sort(
    (a, b) =>
      Number(a.said.startUnixNs - b.said.startUnixNs) || (a.said.spanId < b.said.spanId ? -1 : 1),
  )
}
