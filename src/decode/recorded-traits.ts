import type { Source, Traits } from '../model/observation.ts'
import { type Alike, RowGroups } from './recorded-groups.ts'
import type { RecordedMemory } from './recorded-memory.ts'
import { Recorded, type RecordedColumns, type Standing } from './recorded-observation.ts'
import type { Senders } from './recorded-resource.ts'

/** Makes the observation of a row. */
export type ReadSentRow = (row: number, senders: Senders) => Recorded

export interface RecordedBlock {
  readonly columns: RecordedColumns
  readonly rowCount: number
  readonly memory: RecordedMemory
  /** What rows of one sender must have in common to look alike; who sent them is told by it too. */
  readonly alike: readonly Alike[]
  sourceOf(row: number, senders: Senders): Source
  /** Whether there is more to read of a row than of those that look like it; absent: of none. */
  readonly isOdd?: ((row: number) => boolean) | undefined
}

/** Looks up what rows that look alike have in common once per group and moment. */
export function readBlock(block: RecordedBlock): ReadSentRow {
  const { columns, rowCount, alike, sourceOf, isOdd } = block
  const groups = new RowGroups(rowCount)
  for (const { codes } of alike) groups.split(codes)
  const alone = (row: number, senders: Senders) => ({
    ...{ source: sourceOf(row, senders), traits: undefined },
  })
  if (groups.isTooMany) return (row, senders) => new Recorded(columns, row, alone(row, senders))
  const standings = new Standings(block, groups)
  return (row, senders) => {
    const isAlone = isOdd?.(row) ?? false
    const own = isAlone ? alone(row, senders) : standings.of(groups.of[row] as number, senders)
    return new Recorded(columns, row, own)
  }
}

interface GroupStanding extends Standing {
  readonly first: number
  senders: Senders | undefined
  source: Source
  text: string | undefined
  traits: Traits | undefined
}

class Standings {
  readonly #block: RecordedBlock
  readonly #groups: readonly GroupStanding[]

  constructor(block: RecordedBlock, groups: RowGroups) {
    this.#block = block
    this.#groups = Array.from(groups.firsts(), (first) => ({
      ...{ first, senders: undefined, source: NOBODY, text: undefined, traits: undefined },
    }))
  }

  of(group: number, senders: Senders): GroupStanding {
    const standing = this.#groups[group] as GroupStanding
    if (standing.senders !== senders) this.#renew(standing, senders)
    return standing
  }

  #renew(standing: GroupStanding, senders: Senders): void {
    const { columns, memory, alike, sourceOf } = this.#block
    const { first } = standing
    const source = sourceOf(first, senders)
    standing.senders = senders
    if (standing.source === source) return
    standing.source = source
    standing.text ??= JSON.stringify(alike.map(({ at }) => at(first)))
    standing.traits = memory.traits(columns.unit, source, standing.text)
  }
}

const NOBODY: Source = { id: '', component: 'other' }
