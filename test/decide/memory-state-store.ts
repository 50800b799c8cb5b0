import type { StateChange, StateStore, Stored } from '../../src/model/state-store.ts'

/** The state store's contract in memory; `failNext` makes the next commits throw, as a full disk would. */
export function createMemoryStateStore(): StateStore & {
  failNext(count: number): void
  readonly commits: number
} {
  const documents = new Map<string, { text: string; revision: number }>()
  let failures = 0
  let commits = 0
  return {
    get<T>(key: string): Stored<T> | undefined {
      const found = documents.get(key)
      return found && { value: JSON.parse(found.text) as T, revision: found.revision }
    },
    list<T>(prefix: string) {
      return [...documents.entries()]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { text, revision }]) => ({ key, value: JSON.parse(text) as T, revision }))
    },
    commit(changes: readonly StateChange[]) {
      if (failures > 0) {
        failures--
        throw new Error('disk full')
      }
      const isExpected = changes.every(
        ({ key, expect }) => expect === undefined || (documents.get(key)?.revision ?? 0) === expect,
      )
      if (!isExpected) return false
      for (const { key, value } of changes) {
        if (value === undefined) documents.delete(key)
        else {
          const revision = (documents.get(key)?.revision ?? 0) + 1
          documents.set(key, { text: JSON.stringify(value), revision })
        }
      }
      commits++
      return true
    },
    failNext(count) {
      failures = count
    },
    get commits() {
      return commits
    },
  }
}
