import type { Interner } from '../lib/interner.ts'
import { createPlainColumn } from '../lib/native-column.ts'
import { createMapColumn, type PreparedMap, prepareMap } from '../lib/native-map.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn } from '../lib/native-words.ts'
import type { Observation, ObservationUnit, Source } from '../model/observation.ts'
import { pushDouble } from './number-writes.ts'
import type { ResourceFacts } from './resource.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'

// `signalbox_arrivals`: who was heard with which request, and how new its newest item was. Detection
// hears every sender, also of items that no rule takes; a back-test hears them through these rows,
// instead of reading every item again. One row per request and sender.

export interface Arrivals {
  readonly table: NativeTable
  /** What detection is shown of one request, or tick, as it is. */
  push(observations: readonly Observation[], resources: Iterable<ResourceFacts>): void
}

export interface ArrivalsOptions {
  readonly interner: Interner
  readonly seenAt: SeenAt
}

interface Heard {
  readonly source: Source
  newestUnixMs: number
  count: number
  units: number
}

/** One bit per unit, as `Units` has them. */
export const UNIT_BITS: Readonly<Record<Exclude<ObservationUnit, 'status'>, number>> = {
  ...{ attempt: 1, request: 2, span: 4, log: 8, metric: 16 },
}

const NOTHING = prepareMap({})

export function createArrivals({ interner, seenAt: now }: ArrivalsOptions): Arrivals {
  const seenAt = createSeenAtColumn(now)
  const source = createPlainColumn('Source', 'String')
  const component = createWordColumn('Component', interner)
  const newest = createPlainColumn('NewestMs', 'Float64')
  const units = createPlainColumn('Units', 'UInt8')
  const items = createPlainColumn('Items', 'UInt32')
  const resource = createMapColumn('Resource', interner)
  const columns = [seenAt.column, source, component, newest, units, items, resource]
  const table = createNativeTable('signalbox_arrivals', columns)
  /** A sender repeats its resource in every request, and it is known by its bytes. */
  const prepared = new WeakMap<ResourceFacts, PreparedMap>()
  const prepare = (facts: ResourceFacts): PreparedMap => {
    const map = prepared.get(facts) ?? prepareMap(facts.attributes.text)
    prepared.set(facts, map)
    return map
  }
  return {
    table,
    push(observations, resources) {
      const byInstance = new Map<string, ResourceFacts>()
      for (const facts of resources) byInstance.set(facts.instance, facts)
      for (const heard of sendersOf(observations)) {
        seenAt.push(1)
        source.data.text(heard.source.id)
        component.pushText(heard.source.component)
        pushDouble(newest.data, heard.newestUnixMs)
        units.data.byte(heard.units)
        items.data.reserve(4)
        items.data.length = items.data.bytes.writeUInt32LE(heard.count, items.data.length)
        const facts = byInstance.get(heard.source.id)
        resource.pushPrepared(facts ? prepare(facts) : NOTHING, 1)
        table.rowCount++
      }
    },
  }
}

/** Mostly it is the same sender again. */
function sendersOf(observations: readonly Observation[]): Iterable<Heard> {
  const all = new Map<string, Heard>()
  let last: Heard | undefined
  for (const { source, unit, atUnixMs } of observations) {
    if (last?.source.id !== source.id || last.source.component !== source.component) {
      const key = `${source.component} ${source.id}`
      last = all.get(key) ?? { source, newestUnixMs: atUnixMs, count: 0, units: 0 }
      all.set(key, last)
    }
    last.count++
    if (unit !== 'status') last.units |= UNIT_BITS[unit]
    if (atUnixMs > last.newestUnixMs) last.newestUnixMs = atUnixMs
  }
  return all.values()
}
