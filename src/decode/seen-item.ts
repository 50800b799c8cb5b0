import type { FieldValue, Observation, Source } from '../model/observation.ts'
import type { Traits } from './traits.ts'

/** What items have in common that are read from bytes: what their traits know already is not read again. */
export abstract class SeenItem implements Pick<Observation, 'source' | 'traits' | 'field' | 'ask'> {
  readonly source: Source
  readonly traits: Traits | undefined
  #field: Observation['field'] | undefined

  constructor(traits: Traits | undefined, source: Source) {
    // Who sends may have turned out to be somebody else after they were worked out.
    const isSame = traits?.source.component === source.component
    this.traits = isSame ? traits : undefined
    this.source = isSame ? traits.source : source
  }

  /** Whoever looks takes it along by itself; of most items nobody does. */
  get field(): Observation['field'] {
    this.#field ??= (key) => this.ask(key)
    return this.#field
  }

  ask(key: string): FieldValue | undefined {
    return this.traits === undefined ? this.read(key) : this.traits.field(key, this)
  }

  abstract read(key: string): FieldValue | undefined
}
