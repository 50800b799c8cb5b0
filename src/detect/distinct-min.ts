import { createDistinctWindow } from '../lib/distinct-window.ts'
import { DISTINCT_MAX, type Item } from './kind.ts'

/** `min_distinct`: so many different values of each field among the bad items of a window. */
export interface DistinctMin {
  add(item: Item): void
  isMet(endMs: number, windowMs: number): boolean
  clear(): void
  save(): unknown
  load(saved: unknown): boolean
}

export function createDistinctMin(least: Readonly<Record<string, number>>): DistinctMin {
  const fields = Object.entries(least).map(([key, countMin]) => ({
    key,
    countMin,
    values: createDistinctWindow({ countMax: Math.min(DISTINCT_MAX, countMin * 4) }),
  }))
  return {
    add(item) {
      for (const { key, values } of fields) {
        const value = item.read(key)
        if (value !== undefined) values.add(item.atUnixMs, String(value))
      }
    },
    isMet: (endMs, windowMs) =>
      fields.every(({ values, countMin }) => values.count(endMs, windowMs) >= countMin),
    clear() {
      for (const { values } of fields) values.clear()
    },
    save: () => fields.map(({ values }) => values.save()),
    load: (saved) =>
      Array.isArray(saved) &&
      saved.length === fields.length &&
      fields.every(({ values }, index) => values.load(saved[index])),
  }
}
