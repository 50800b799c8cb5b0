import type { Topology } from '../config/topology.ts'
import type { Attempt } from '../model/attempt.ts'
import type { StoredAttempt } from '../model/stored.ts'
import { routeOf } from './judge.ts'
import type { Revisions } from './revisions.ts'
import { type AttemptEntry, type Group, openingOf } from './story.ts'

/** Rows of attempts: written once, and again when it turns out where they belong. */
export interface TellAttempts {
  tell(entry: AttemptEntry, isFresh: boolean): void
  /** It is no attempt after all. */
  takeBack(entry: AttemptEntry): void
  /** What an attempt is now. */
  attemptOf(entry: AttemptEntry): Attempt
}

export interface TellAttemptsOptions {
  topology(): Topology
  attempt(row: StoredAttempt): void
  readonly revisions: Revisions
}

export function createTellAttempts(options: TellAttemptsOptions): TellAttempts {
  const { revisions } = options
  const attemptOf = (entry: AttemptEntry): Attempt => {
    const { said, group } = entry
    const route = routeOf(entry) || ((group && routeOfGroup(group)) ?? '')
    const requestId = group?.requestId || said.requestId || said.traceId
    if (route === said.route && requestId === said.requestId) return said
    return { ...said, route, requestId, role: options.topology().roleOf(route, said.target) }
  }
  return {
    attemptOf,
    tell(entry, isFresh) {
      const now = attemptOf(entry)
      const isSame = isEqual(entry.told, now)
      if (isSame && !isFresh) return
      if (!isSame && (entry.told || entry.revision > 0)) entry.revision = revisions.next()
      entry.told = now
      revisions.onUndo(() => {
        entry.told = undefined
      })
      options.attempt({ ...now, revision: entry.revision, isUnseen: !isFresh })
    },
    takeBack(entry) {
      const { told } = entry
      if (told === undefined || told === 'void') return
      entry.revision = revisions.next()
      entry.told = 'void'
      revisions.onUndo(() => {
        entry.told = told
      })
      options.attempt({ ...told, outcome: '', revision: entry.revision, isUnseen: true })
    },
  }
}

function isEqual(told: AttemptEntry['told'], now: Attempt): boolean {
  if (told === undefined || told === 'void') return false
  return told.route === now.route && told.requestId === now.requestId
}

function routeOfGroup(group: Group): string {
  return openingOf(group)?.said.route || group.end?.said.route || ''
}
