import type { ResourceFacts } from './resource.ts'
import type { RoutedView, SpanView } from './span-view.ts'

/** What was found in an export request of traces, beside the rows. */
export interface ReadTraces {
  readonly itemCount: number
  /** All spans of routers, and of services that may turn out to be routers, in their order. */
  readonly routed: readonly RoutedView[]
  /** Those that a rule may take of all but known routers. */
  readonly watched: readonly SpanView[]
  /** Of each resource the newest, where no rule may take it: so that its source is heard. */
  readonly heard: readonly SpanView[]
  /** Of all spans, each once. */
  readonly resources: readonly ResourceFacts[]
  /** Those that may be mapped; one that is routed too is the same object there. */
  readonly mappable: readonly SpanView[]
  /** Those of nobody known as a router that end a request, or say how good it was. */
  readonly marked: readonly RoutedView[]
  /** Services that showed themselves to be routers. */
  readonly routerServices: ReadonlySet<string>
}
