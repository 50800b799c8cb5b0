import { createRecentMap } from './recent-map.ts'
import type { MetadataMessage } from './remote-write-message.ts'

// What a request does not say, since Prometheus says it in others: metadata comes once a minute and
// alone, `target_info` with whichever samples happen to share its shard. Until then, and after a
// restart for up to that minute, types are told by names.

type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary'

export interface Family {
  readonly type: FamilyType
  readonly help: string
  readonly unit: string
}

export type Labels = readonly (readonly [name: string, value: string])[]

export interface RemoteWriteMemory {
  learnMetadata(metadata: MetadataMessage): void
  /** A series shows what its family is: `le` is a histogram's, `quantile` a summary's. */
  learnFamily(name: string, type: FamilyType): void
  family(name: string): Family | undefined
  learnTarget(target: string, labels: Labels): void
  /** Labels of the target's `target_info`, besides `job` and `instance`. */
  target(target: string): Labels
}

const FAMILIES_MAX = 20_000
const TARGETS_MAX = 10_000
const HELP_CHARS_MAX = 300
const UNIT_CHARS_MAX = 63
const NAME_CHARS_MAX = 512
const VALUE_CHARS_MAX = 1_024
const TARGET_LABELS_MAX = 64

/** `MetricMetadata.MetricType` by number; a gauge histogram and a state set go up and down. */
const TYPES: readonly (FamilyType | undefined)[] = [
  ...([undefined, 'counter', 'gauge', 'histogram'] as const),
  ...(['gauge', 'summary', 'gauge', 'gauge'] as const),
]

export function createRemoteWriteMemory(): RemoteWriteMemory {
  const ageMaxMs = Number.POSITIVE_INFINITY
  const families = createRecentMap<Family>({ countMax: FAMILIES_MAX, ageMaxMs })
  const targets = createRecentMap<Labels>({ countMax: TARGETS_MAX, ageMaxMs })
  const find = (name: string) => families.get(name, 0)
  return {
    learnMetadata({ type, family, help, unit }) {
      const known = TYPES[type]
      if (known === undefined || family === '' || family.length > NAME_CHARS_MAX) return
      const shown = { help: help.slice(0, HELP_CHARS_MAX), unit: unit.slice(0, UNIT_CHARS_MAX) }
      families.set(family, { type: known, ...shown }, 0)
    },
    learnFamily(name, type) {
      if (name.length > NAME_CHARS_MAX || find(name) !== undefined) return
      families.set(name, { type, help: '', unit: '' }, 0)
    },
    family: find,
    learnTarget(target, labels) {
      if (target.length > NAME_CHARS_MAX) return
      const kept = labels.filter(([, value]) => value.length <= VALUE_CHARS_MAX)
      targets.set(target, kept.slice(0, TARGET_LABELS_MAX), 0)
    },
    target: (target) => targets.get(target, 0) ?? [],
  }
}
