import type { Topology } from '../config/topology.ts'
import type { FieldValue, Observation, ObservationUnit, Source } from '../model/observation.ts'
import type { Item } from './kind.ts'

export interface Place {
  /** Guarded event time. */
  readonly atUnixMs: number
  readonly heardMs: number
}

export interface CursorOptions {
  topology(): Topology
  /** How many generations behind its route's an observation is; undefined when it names none. */
  generationBehind(observation: Observation): number | undefined
}

/**
 * The one item that rules are shown, moved from observation to observation: there may be millions a
 * second, and no rule keeps one. It fills in what observations do not carry themselves.
 */
export class Cursor implements Item {
  unit: ObservationUnit = 'span'
  atUnixMs = 0
  startUnixMs = 0
  heardMs = 0
  weight = 1
  count = 1
  source: Source = { id: '', component: 'other' }
  #observation: Observation | undefined
  readonly #options: CursorOptions

  constructor(options: CursorOptions) {
    this.#options = options
  }

  moveTo(observation: Observation, { atUnixMs, heardMs }: Place): void {
    this.#observation = observation
    this.unit = observation.unit
    this.source = observation.source
    this.weight = observation.weight
    this.count = observation.count ?? 1
    this.atUnixMs = atUnixMs
    // A guarded time moves the item as a whole: its length stays what its own clock measured.
    this.startUnixMs = atUnixMs - (observation.atUnixMs - observation.startUnixMs)
    this.heardMs = heardMs
  }

  /** Not a method: matchers take it along by itself. */
  readonly read = (key: string): FieldValue | undefined => {
    const observation = this.#observation
    if (!observation) return undefined
    const value = observation.field(key)
    if (value !== undefined) return value
    const { component, id } = this.source
    if (key === component) return id
    // Routers and autoscalers say what they are; whoever does not, and is asked, is a worker.
    if (key === 'worker') return component === 'other' ? id : undefined
    if (key === 'role') return this.#role(observation)
    return key === 'generation_behind' ? this.#options.generationBehind(observation) : undefined
  }

  #role(observation: Observation): FieldValue | undefined {
    const route = observation.field('route')
    const target = observation.field('target')
    if (typeof route !== 'string' || typeof target !== 'string') return undefined
    return this.#options.topology().roleOf(route, target)
  }
}
