import type { Topology } from '../config/topology.ts'
import type { FieldValue, Observation, ObservationUnit, Source } from '../model/observation.ts'
import type { Item } from './kind.ts'
import type { Template, Templates } from './templates.ts'

export interface Place {
  /** Guarded event time. */
  readonly atUnixMs: number
  readonly heardMs: number
}

export interface CursorOptions {
  topology(): Topology
  readonly templates: Pick<Templates, 'of'>
  /** How many generations behind its route's an observation is; undefined when it names none. */
  generationBehind(observation: Observation): number | undefined
}

/** What items of one tally answer alike, found once: all that rules ask of it. */
export type Said = Map<string, FieldValue | typeof UNSAID>

/** Asked for, and not there. */
const UNSAID = Symbol('unsaid')

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
  #template: Template | undefined
  #lastKey: string | undefined
  #lastValue: FieldValue | undefined
  #said: Said | undefined
  readonly #options: CursorOptions

  constructor(options: CursorOptions) {
    this.#options = options
  }

  moveTo(observation: Observation, { atUnixMs, heardMs }: Place): void {
    this.#observation = observation
    this.#template = undefined
    this.#lastKey = undefined
    this.#said = undefined
    this.unit = observation.unit
    this.source = observation.source
    this.weight = observation.weight
    this.count = observation.count ?? 1
    this.atUnixMs = atUnixMs
    // A guarded time moves the item as a whole: its length stays what its own clock measured.
    this.startUnixMs = atUnixMs - (observation.atUnixMs - observation.startUnixMs)
    this.heardMs = heardMs
  }

  /** It stands for all that answer alike from now on. */
  answerFrom(said: Said): void {
    this.#said = said
  }

  /** The same item, which stands for others at another time as well. */
  shiftTo(atUnixMs: number): void {
    this.startUnixMs += atUnixMs - this.atUnixMs
    this.atUnixMs = atUnixMs
  }

  /**
   * Not a method: matchers take it along by itself. Rules ask for the same key one after the other, and
   * reading a text from bytes takes longer than all that is done with it.
   */
  readonly read = (key: string): FieldValue | undefined => {
    const said = this.#said
    if (said) return this.#answer(said, key)
    if (key === this.#lastKey) return this.#lastValue
    this.#lastValue = this.#find(key)
    this.#lastKey = key
    return this.#lastValue
  }

  #answer(said: Said, key: string): FieldValue | undefined {
    const known = said.get(key)
    if (known !== undefined) return known === UNSAID ? undefined : known
    const value = this.#find(key)
    said.set(key, value ?? UNSAID)
    return value
  }

  #find(key: string): FieldValue | undefined {
    const observation = this.#observation
    if (!observation) return undefined
    const value = observation.ask ? observation.ask(key) : observation.field(key)
    if (value !== undefined) return value
    const { component, id } = this.source
    if (key === component) return id
    // Routers and autoscalers say what they are; whoever does not, and is asked, is a worker.
    if (key === 'worker') return component === 'other' ? id : undefined
    if (key === 'role') return this.#role(observation)
    if (key === 'template') return this.template()?.id
    return key === 'generation_behind' ? this.#options.generationBehind(observation) : undefined
  }

  /** Found once, and only for who asks: most rules look at no log's text. */
  template(): Template | undefined {
    if (this.unit !== 'log' || !this.#observation) return undefined
    this.#template ??= this.#options.templates.of(textOf(this.#observation))
    return this.#template
  }

  #role(observation: Observation): FieldValue | undefined {
    const route = observation.field('route')
    const target = observation.field('target')
    if (typeof route !== 'string' || typeof target !== 'string') return undefined
    return this.#options.topology().roleOf(route, target)
  }
}

/** What a log says: its body, else the exception or the event that it is about. */
function textOf(log: Observation): string {
  const body = log.field('body')
  if (body !== undefined && body !== '') return String(body)
  const exception = [log.field('exception.type'), log.field('exception.message')]
  const said = exception.filter((part) => part !== undefined && part !== '').join(': ')
  return said || String(log.field('event') ?? '')
}
