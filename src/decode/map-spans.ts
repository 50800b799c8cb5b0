import type { DerivedSpan } from './derive.ts'
import type { MapEntry } from './map-items.ts'
import type { SpanView } from './span-view.ts'

/** The request above an attempt's span, of the same batch. */
export interface RequestAbove {
  readonly spanId: string
  readonly route: string
  readonly requestId: string
}

export interface SpanTree {
  above(span: Pick<SpanView, 'traceId' | 'spanId'>): RequestAbove | undefined
}

interface Node {
  readonly parentSpanId: string
  readonly request: RequestAbove | undefined
}

const HOPS_MAX = 64

/** Built when it is first asked: of a batch without attempts nobody does. */
export function createSpanTree(given: {
  readonly candidates: readonly SpanView[]
  readonly derived: readonly DerivedSpan[]
  readonly entries: readonly MapEntry[]
}): SpanTree {
  let nodes: ReadonlyMap<string, Node> | undefined
  return {
    above({ traceId, spanId }) {
      nodes ??= createNodes(given)
      let id = nodes.get(`${traceId}/${spanId}`)?.parentSpanId ?? ''
      for (let hops = 0; hops < HOPS_MAX && id !== ''; hops++) {
        const node: Node | undefined = nodes.get(`${traceId}/${id}`)
        if (!node || node.request) return node?.request
        id = node.parentSpanId
      }
      return undefined
    },
  }
}

function createNodes({
  candidates,
  derived,
  entries,
}: Parameters<typeof createSpanTree>[0]): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>()
  const add = (span: SpanView, request: Node['request']) =>
    nodes.set(`${span.traceId}/${span.spanId}`, { parentSpanId: span.parentSpanId, request })
  for (const span of candidates) add(span, undefined)
  for (const { span, request } of derived) add(span, request)
  for (const { item, mapped } of entries) {
    const request = mapped.find(({ unit }) => unit === 'request')
    const key = `${item.traceId}/${item.spanId}`
    const known = nodes.get(key)
    if (!request || !known) continue
    const { route, requestId } = request
    nodes.set(key, { ...known, request: { spanId: item.spanId, route, requestId } })
  }
  return nodes
}
