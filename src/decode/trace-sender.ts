import type { Source } from '../model/observation.ts'
import type { MapGate } from './mapped.ts'
import type { KnownResource } from './scope-facts.ts'
import type { RoutedView } from './span-view.ts'
import type { Halves } from './times.ts'

/** A resource of the request, and where those of its spans are that may be looked at later. */
export interface Sender {
  readonly resource: KnownResource
  readonly component: Source['component']
  /** As whom observations will name it, as far as that is known. */
  readonly heardAs: Source
  readonly gate: MapGate | undefined
  readonly newest: Halves
  newestFrom: number
  newestTo: number
  /** It is shown anyway. */
  isNewestWanted: boolean
  /** Begin and end of each span, while nobody knows whether they are a router's. */
  readonly undecided: number[]
  /** By where they begin. */
  readonly mappable: Map<number, RoutedView>
}

export function createSender(
  given: Pick<Sender, 'resource' | 'component' | 'heardAs' | 'gate'>,
): Sender {
  return {
    ...given,
    newest: { low: 0, high: -1 },
    newestFrom: 0,
    newestTo: 0,
    isNewestWanted: false,
    undecided: [],
    mappable: new Map(),
  }
}
