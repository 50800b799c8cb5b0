import type { NativeRows } from '../lib/native-reader.ts'
import type { MapValues } from '../lib/native-values.ts'
import type { FieldValue, Source } from '../model/observation.ts'
import type { Attributes } from './attributes.ts'
import type { Alike } from './recorded-groups.ts'
import { alikeIntegers } from './recorded-groups.ts'
import type { RecordedMemory } from './recorded-memory.ts'
import { type ResourceFacts, type ResourceOptions, toResourceFacts } from './resource.ts'
import type { AttributesView } from './span-place.ts'

// Attributes as they are stored: as text, and of those only what was fetched. Resources repeat: rows
// tell theirs by a hash, and each is fetched once.

export interface ItemOptions extends ResourceOptions {
  readonly memory: RecordedMemory
  /** By hash, those of the rows that are read. */
  readonly resourcesByHash: ReadonlyMap<number, ResourceFacts>
  /** Attributes that only keys are read from whose values vary. */
  readonly varying: ReadonlySet<string>
}

export function viewOf(maps: MapValues, row: number): AttributesView & Attributes {
  return {
    get: (key): FieldValue | undefined => maps.get(row, key),
    names: () => maps.keys(row),
    get text() {
      return Object.fromEntries(maps.keys(row).map((key) => [key, maps.get(row, key) ?? '']))
    },
  }
}

/** Who sent a row, as far as its resource says. */
export interface RowResources extends Alike {
  of(row: number): ResourceFacts
  /** As it was heard; where it was not, as its resource says. */
  sourceOf(row: number, senders: Senders): Source
}

export function createResources(rows: NativeRows, options: ItemOptions): RowResources {
  const { memory, resourcesByHash } = options
  const hashes = rows.numbers('R')
  // Gone by the time they were asked for, as their rows are by now.
  const nothing = toFacts({ get: () => undefined, text: {} }, options)
  const of = (row: number) => resourcesByHash.get(hashes.at(row)) ?? nothing
  let last:
    | { readonly hash: number; readonly senders: Senders; readonly source: Source }
    | undefined
  return {
    ...alikeIntegers(rows.rowCount, hashes),
    of,
    sourceOf(row, senders) {
      const hash = hashes.at(row)
      if (last?.hash === hash && last.senders === senders) return last.source
      const { instance, component = 'other' } = of(row)
      const source = senders.get(instance) ?? memory.source(component, instance)
      last = { hash, senders, source }
      return source
    },
  }
}

/** What rows of `R` (and their hash, `H`) say. */
export function* readResources(
  rows: NativeRows,
  options: ResourceOptions,
): Iterable<readonly [hash: number, facts: ResourceFacts]> {
  if (rows.rowCount === 0) return
  const [hashes, maps] = [rows.numbers('H'), rows.maps('R')]
  for (let row = 0; row < rows.rowCount; row++)
    yield [hashes.at(row), toFacts(viewOf(maps, row), options)]
}

function toFacts(attributes: Attributes, options: ResourceOptions): ResourceFacts {
  const textOf = (key: string) => attributes.get(key)?.toString()
  return toResourceFacts(attributes, { ...options, textOf })
}

/** What was heard of senders with one request, by instance. */
export type Senders = ReadonlyMap<string, Source>
