import type { Meanings } from '../config/meanings.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation, Source, Traits } from '../model/observation.ts'
import { UNIT_BITS } from './arrival-table.ts'
import { readKey, readTarget, sourceField } from './fields.ts'
import { alikeMaps } from './recorded-groups.ts'
import type { RecordedMemory } from './recorded-memory.ts'
import { viewOf } from './recorded-resource.ts'

/** A sender as it was heard with one request. */
export interface Heard {
  /** Where the request stands in the order of all. */
  readonly seen: number
  readonly source: Source
  /** It was heard, per unit, with the time of its newest item; what it sent comes by itself. */
  readonly observations: readonly Observation[]
}

export interface ArrivalOptions {
  readonly meanings: Meanings
  readonly memory: RecordedMemory
}

export function readArrivals(
  rows: NativeRows,
  { meanings, memory }: ArrivalOptions,
): readonly Heard[] {
  if (rows.rowCount === 0) return []
  const [seen, newest] = [rows.numbers('seen'), rows.numbers('NewestMs')]
  const units = rows.numbers('Units')
  const senderOf = createSenders(rows, { meanings, memory })
  return Array.from({ length: rows.rowCount }, (_, row) => {
    const sender = senderOf(row)
    const heard = UNITS.filter((unit) => (units.at(row) & UNIT_BITS[unit]) !== 0)
    const observations = heard.map((unit) => new Presence(sender, unit, newest.at(row)))
    return { seen: seen.at(row), source: sender.source, observations }
  })
}

class Presence implements Observation {
  readonly isPresence = true
  readonly weight = 1
  readonly unit: Observation['unit']
  readonly source: Source
  readonly traits: Traits
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly field: Observation['field']

  constructor({ source, field, traitsOf }: Sender, unit: Observation['unit'], atUnixMs: number) {
    this.unit = unit
    this.source = source
    this.traits = traitsOf(unit)
    this.atUnixMs = atUnixMs
    this.startUnixMs = atUnixMs
    this.field = field
  }
}

interface Sender extends Pick<Observation, 'source' | 'field'> {
  traitsOf(unit: Observation['unit']): Traits
}

/** A sender says the same of itself each time; it is read once per block. */
function createSenders(rows: NativeRows, { meanings, memory }: ArrivalOptions) {
  const [ids, components, maps] = [rows.texts('Source'), rows.texts('Component'), rows.maps('R')]
  const said = alikeMaps(maps, () => false)
  const known = new Map<string, Sender>()
  return (row: number): Sender => {
    const component = components.at(row) as Source['component']
    const source = memory.source(component, ids.at(row))
    if (!said.codes) return toSender()
    const key = `${component} ${said.codes.of[row]} ${source.id}`
    const sender = known.get(key) ?? toSender()
    known.set(key, sender)
    return sender

    function toSender(): Sender {
      const scoped = { attributes: NOTHING, resource: viewOf(maps, row) }
      const text = `presence ${JSON.stringify(said.at(row))}`
      return {
        source,
        field(key) {
          const target = { ...scoped, isServerSpan: false, component }
          if (key === 'target') return readTarget(meanings.target, target)
          return sourceField(source, key) ?? readKey(key, scoped, meanings)
        },
        traitsOf: (unit) => memory.traits(unit, source, text),
      }
    }
  }
}

const UNITS = ['attempt', 'request', 'span', 'log', 'metric'] as const
const NOTHING = { get: () => undefined }
