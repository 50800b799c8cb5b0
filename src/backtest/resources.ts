import type { RecordedMemory } from '../decode/recorded-memory.ts'
import { readResources } from '../decode/recorded-resource.ts'
import type { ResourceFacts, ResourceOptions } from '../decode/resource.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Recorded } from '../store/recorded.ts'
import type { Slice } from '../store/recorded-query.ts'
import type { ItemTable } from '../store/recorded-tables.ts'
import type { Plan } from './plan.ts'

// Rows name their resource by a hash. There are few: each is fetched when it is first met.

export interface ResourcePart {
  readonly table: ItemTable
  readonly blocks: readonly NativeRows[]
}

export interface ResourcesOptions {
  readonly recorded: Pick<Recorded, 'resources'>
  readonly plan: Pick<Plan, 'resource'>
  readonly resources: ResourceOptions
  readonly memory: Pick<RecordedMemory, 'resources'>
}

/** More are not kept from slice to slice. */
const KEPT_MAX = 50_000
/** Hashes of one query: they stand in its URL. */
const ASKED_MAX = 5_000

/** The resources of all rows. */
export async function fetchResources(
  slice: Slice,
  parts: readonly ResourcePart[],
  { recorded, plan, resources, memory }: ResourcesOptions,
): Promise<ReadonlyMap<number, ResourceFacts>> {
  const known = memory.resources
  const found = new Map<number, ResourceFacts>()
  for (const { table, blocks } of parts) {
    const hashes = hashesIn(blocks)
    const missing = [...hashes].filter((hash) => !known.has(hash))
    for (const hash of hashes) {
      const facts = known.get(hash)
      if (facts) found.set(hash, facts)
    }
    for (let from = 0; from < missing.length; from += ASKED_MAX) {
      const query = { hashes: missing.slice(from, from + ASKED_MAX), attributes: plan.resource }
      for (const rows of await recorded.resources(slice, table, query))
        for (const [hash, facts] of readResources(rows, resources)) found.set(hash, facts)
    }
  }
  if (known.size + found.size > KEPT_MAX) known.clear()
  for (const [hash, facts] of found) known.set(hash, facts)
  return found
}

function hashesIn(blocks: readonly NativeRows[]): ReadonlySet<number> {
  const hashes = new Set<number>()
  let last = 0
  for (const rows of blocks) {
    if (rows.rowCount === 0) continue
    const own = rows.numbers('R')
    for (let row = 0; row < rows.rowCount; row++) {
      const hash = own.at(row)
      if (hash !== last) hashes.add(hash)
      last = hash
    }
  }
  // Of a row that was joined with nothing.
  hashes.delete(0)
  return hashes
}
