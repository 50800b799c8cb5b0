import type { Meanings } from '../config/meanings.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { UNIT_BITS } from './arrival-table.ts'
import { readKey, readTarget, sourceField } from './fields.ts'
import { viewOf } from './recorded-resource.ts'

/** A sender as it was heard with one request. */
export interface Heard {
  /** Where the request stands in the order of all. */
  readonly seen: number
  readonly source: Source
  /** It was heard, per unit, with the time of its newest item; what it sent comes by itself. */
  readonly observations: readonly Observation[]
}

export function readArrivals(rows: NativeRows, meanings: Meanings): readonly Heard[] {
  if (rows.rowCount === 0) return []
  const [seen, newest] = [rows.numbers('seen'), rows.numbers('NewestMs')]
  const [ids, components] = [rows.texts('Source'), rows.texts('Component')]
  const [units, maps] = [rows.numbers('Units'), rows.maps('R')]
  const known = new Map<string, Source>()
  const toSource = (row: number): Source => {
    const [id, component] = [ids.at(row), components.at(row) as Source['component']]
    const key = `${component} ${id}`
    const source = known.get(key) ?? { id, component }
    known.set(key, source)
    return source
  }
  return Array.from({ length: rows.rowCount }, (_, row) => {
    const source = toSource(row)
    const scoped = { attributes: NOTHING, resource: viewOf(maps, row) }
    const { component } = source
    const field = (key: string): FieldValue | undefined => {
      const target = { ...scoped, isServerSpan: false, component }
      if (key === 'target') return readTarget(meanings.target, target)
      return sourceField(source, key) ?? readKey(key, scoped, meanings)
    }
    const atUnixMs = newest.at(row)
    const times = { atUnixMs, startUnixMs: atUnixMs }
    const base = { ...times, source, weight: 1, isPresence: true, field }
    const heard = UNITS.filter((unit) => (units.at(row) & UNIT_BITS[unit]) !== 0)
    const observations = heard.map((unit) => ({ ...base, unit }))
    return { seen: seen.at(row), source, observations }
  })
}

const UNITS = ['attempt', 'request', 'span', 'log', 'metric'] as const
const NOTHING = { get: () => undefined }
