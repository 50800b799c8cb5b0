import type { Topology } from '../config/topology.ts'
import type { Attempt } from '../model/attempt.ts'
import type { StoredAttempt } from '../model/stored.ts'
import { routeOf } from './judge.ts'
import { PlacedAttempt, type Standing, toPlain } from './placed.ts'
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
  const routeNow = (entry: AttemptEntry): string =>
    routeOf(entry) || ((entry.group && routeOfGroup(entry.group)) ?? '')
  const place = (entry: AttemptEntry, now: Now, standing: Standing): PlacedAttempt => {
    const { said } = entry
    const { route, requestId } = now
    const isSaid = route === said.route && requestId === said.requestId
    const role = isSaid ? said.role : options.topology().roleOf(route, said.target)
    return new PlacedAttempt(said, { route, requestId, role }, standing)
  }
  return {
    attemptOf(entry) {
      const now = { route: routeNow(entry), requestId: requestIdOf(entry) }
      return isTold(entry.told, now) ? entry.told : place(entry, now, FIRST)
    },
    tell(entry, isFresh) {
      const now = { route: routeNow(entry), requestId: requestIdOf(entry) }
      const isSame = isTold(entry.told, now)
      if (isSame && !isFresh) return
      if (!isSame && (entry.told || entry.revision > 0)) entry.revision = revisions.next()
      const row = place(entry, now, { revision: entry.revision, isUnseen: !isFresh })
      entry.told = row
      revisions.onUndo(entry)
      options.attempt(row)
    },
    takeBack(entry) {
      const { told } = entry
      if (told === undefined || told === 'void') return
      entry.revision = revisions.next()
      entry.told = 'void'
      revisions.onUndo({
        undo() {
          entry.told = told
        },
      })
      const { target, role, errorType } = told
      const as = { outcome: '', revision: entry.revision, isUnseen: true } as const
      options.attempt({ ...toPlain(told, told), target, role, errorType, ...as })
    },
  }
}

const FIRST: Standing = { revision: 0 }

/** Where an attempt belongs now. */
type Now = Pick<Attempt, 'route' | 'requestId'>

const requestIdOf = ({ said, group }: AttemptEntry): string =>
  group?.requestId || said.requestId || said.traceId

function isTold(told: AttemptEntry['told'], now: Now): told is PlacedAttempt {
  if (told === undefined || told === 'void') return false
  return told.route === now.route && told.requestId === now.requestId
}

function routeOfGroup(group: Group): string {
  return openingOf(group)?.said.route || group.end?.said.route || ''
}
