import type { ObservationUnit, Source, Traits } from '../model/observation.ts'
import type { ResourceFacts } from './resource.ts'

// What stays the same from block to block of a replay, so that whoever looks at it need not look
// again: senders, what items have in common, resources.

export interface RecordedMemory {
  source(component: Source['component'], id: string): Source
  /** @param text everything that items of the source are alike in */
  traits(unit: ObservationUnit, source: Source, text: string): Traits
  /** Of resources, by their hash; forgotten when they are too many. */
  readonly resources: Map<number, ResourceFacts>
  /** Tables of which rows were found that stand for more, or less, than one sample. */
  readonly oddTables: Set<string>
}

const SOURCES_MAX = 20_000
const TRAITS_MAX = 20_000

export function createRecordedMemory(): RecordedMemory {
  const sources = new Map<string, Source>()
  const traits = new Map<string, Traits>()
  return {
    source: (component, id) =>
      remembered(sources, { key: `${component} ${id}`, countMax: SOURCES_MAX }, () => ({
        id,
        component,
      })),
    traits: (unit, { component, id }, text) => {
      const key = `${unit}\0${component}\0${id}\0${text}`
      return remembered(traits, { key, countMax: TRAITS_MAX }, () => ({ note: undefined }))
    },
    ...{ resources: new Map(), oddTables: new Set() },
  }
}

/** Two of one name do no harm, so that all may be forgotten at once. */
function remembered<V>(
  known: Map<string, V>,
  { key, countMax }: { readonly key: string; readonly countMax: number },
  make: () => V,
): V {
  const value = known.get(key)
  if (value !== undefined) return value
  if (known.size >= countMax) known.clear()
  const made = make()
  known.set(key, made)
  return made
}
