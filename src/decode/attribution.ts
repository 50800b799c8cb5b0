import type { AttemptEntry, Group, RequestEntry, Trace } from './story.ts'

// Which request an attempt belongs to: the one whose id it carries; else the request span above it,
// through any number of other spans; else, when the spans between are lost, the only request of its
// trace during which it began. The answer depends on what is known, not on how it came.

const HOPS_MAX = 64

/** Puts every attempt of the trace where it belongs now, and gives back all groups concerned. */
export function attribute(
  trace: Trace,
  context: { readonly traceId: string; groupOf(requestId: string): Group },
): Set<Group> {
  const touched = new Set<Group>()
  for (const request of trace.requests.values()) {
    const group = context.groupOf(request.said.requestId)
    group.requests.add(request)
    touched.add(group)
    if (request.own) move(request.own, group, touched)
  }
  for (const entry of trace.attempts.values()) {
    const above = requestAbove(trace, entry) ?? onlyRequestAt(trace, entry)
    entry.requestSpanId = above?.said.spanId ?? ''
    entry.routeAbove = above?.said.route ?? ''
    const requestId = entry.said.requestId || above?.said.requestId || context.traceId
    move(entry, context.groupOf(requestId), touched)
  }
  return touched
}

function move(entry: AttemptEntry, group: Group, touched: Set<Group>): void {
  if (entry.group && entry.group !== group) {
    entry.group.attempts.delete(entry)
    touched.add(entry.group)
  }
  entry.group = group
  group.attempts.add(entry)
  touched.add(group)
}

function requestAbove(trace: Trace, { parentSpanId }: AttemptEntry): RequestEntry | undefined {
  let spanId: string | undefined = parentSpanId
  for (let hops = 0; hops < HOPS_MAX && spanId; hops++) {
    const request = trace.requests.get(spanId)
    if (request) return request
    spanId = trace.parents.get(spanId) ?? trace.attempts.get(spanId)?.parentSpanId
  }
  return undefined
}

function onlyRequestAt(trace: Trace, { said }: AttemptEntry): RequestEntry | undefined {
  let found: RequestEntry | undefined
  for (const request of trace.requests.values()) {
    const { startUnixNs, endUnixNs } = request.said
    if (said.startUnixNs < startUnixNs || said.startUnixNs > endUnixNs) continue
    if (found) return undefined
    found = request
  }
  return found
}

/** Attempts of a request that is one SERVER span, oldest first; several may share its id. */
export function attemptsOf(request: RequestEntry, groups: readonly Group[]): AttemptEntry[] {
  const { spanId, startUnixNs, endUnixNs } = request.said
  const isOf = ({ requestSpanId, said, isOwn }: AttemptEntry) => {
    if (isOwn) return false
    if (requestSpanId !== '') return requestSpanId === spanId
    return said.startUnixNs >= startUnixNs && said.startUnixNs <= endUnixNs
  }
  return inOrder(groups.flatMap(({ attempts }) => [...attempts].filter(isOf)))
}

/** Oldest first; the order of their span ids where they began at the same moment. */
export function inOrder(attempts: readonly AttemptEntry[]): AttemptEntry[] {
  return [...attempts].sort(
    (a, b) =>
      Number(a.said.startUnixNs - b.said.startUnixNs) || (a.said.spanId < b.said.spanId ? -1 : 1),
  )
}
