import type { SeriesLabels } from './remote-write-labels.ts'
import type { Family, RemoteWriteMemory } from './remote-write-memory.ts'

export interface KnownFamily {
  readonly family: Family
  /** What the series adds to its family's name: '' or `_total`, `_bucket`, … */
  readonly suffix: string
}

const SUFFIXES = ['', '_total', '_bucket', '_count', '_sum', '_created']

/** OpenMetrics names a counter's family without its `_total`, the text format with it. */
export function familyOf(name: string, memory: RemoteWriteMemory): KnownFamily | undefined {
  for (const suffix of SUFFIXES) {
    const family = name.endsWith(suffix)
      ? memory.family(name.slice(0, name.length - suffix.length))
      : undefined
    if (family) return { family, suffix }
  }
  return undefined
}

/** Whether it only grows: by its type where that is known, else by its name. */
export function isCounter(name: string, known: KnownFamily | undefined): boolean {
  if (!known) return name.endsWith('_total')
  const { family, suffix } = known
  if (suffix === '_created') return false
  if (family.type === 'counter') return suffix === '' || suffix === '_total'
  return (family.type === 'histogram' || family.type === 'summary') && suffix !== ''
}

/** Buckets and quantiles show what their family is, where no metadata came. */
export function learnFamily(memory: RemoteWriteMemory, { name, attributes }: SeriesLabels): void {
  const has = (label: string) => attributes.some(([own]) => own === label)
  if (name.endsWith('_bucket') && has('le')) memory.learnFamily(name.slice(0, -7), 'histogram')
  else if (has('quantile')) memory.learnFamily(name, 'summary')
}
