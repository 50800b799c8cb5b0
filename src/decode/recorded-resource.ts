import type { MapValues, NativeRows } from '../lib/native-reader.ts'
import type { FieldValue, Source } from '../model/observation.ts'
import type { Attributes } from './attributes.ts'
import { type ResourceFacts, type ResourceOptions, toResourceFacts } from './resource.ts'
import type { AttributesView } from './span-place.ts'

// Attributes as they are stored: as text, and of those only what was fetched.

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
export function createResources(rows: NativeRows, options: ResourceOptions) {
  const maps = rows.maps('R')
  return (row: number): ResourceFacts =>
    toResourceFacts(viewOf(maps, row), { ...options, textOf: (key) => maps.get(row, key) })
}

/** What was heard of senders with one request, by instance. */
export type Senders = ReadonlyMap<string, Source>

/** As it was heard; where it was not, as its resource says. */
export function sourceOf({ instance, component }: ResourceFacts, senders: Senders): Source {
  return senders.get(instance) ?? { id: instance, component: component ?? 'other' }
}
