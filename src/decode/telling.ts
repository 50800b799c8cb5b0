import type { Topology } from '../config/topology.ts'
import type { Attempt } from '../model/attempt.ts'
import type { StoredRequest } from '../model/stored.ts'
import { attemptsOf } from './attribution.ts'
import { type JobRequest, toJobRequest, toSpanRequest } from './judge.ts'
import { JudgedRequest } from './placed.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import {
  type AttemptEntry,
  type Group,
  isAsynchronous,
  openingOf,
  type RequestEntry,
} from './story.ts'
import { createTellAttempts, type TellAttemptsOptions } from './tell-attempts.ts'

// Writes what is known, and writes it again when it has changed. The first word about a span has
// revision 0; each later one a number that grows, over restarts too. A span that comes again gives
// an equal row again: its first may be what the sender was told to repeat.

export interface Telling {
  /** @param by the number of this request: what it brought is written even when nothing has changed */
  tell(group: Group, by: number): void
  /** What an attempt is now. */
  attemptOf(entry: AttemptEntry): Attempt
  /** The rows of the last request were taken back: what they said is said again. */
  forgetLast(): void
  /** A new request begins. */
  start(receivedUnixMs: number): void
}

export interface TellingOptions extends Omit<TellAttemptsOptions, 'revisions'> {
  topology(): Topology
  /** Other groups whose attempts may be those of a request: by the trace, when it has its own id. */
  alsoOf(entry: RequestEntry): Group | undefined
  request(row: StoredRequest): void
}

export function createTelling(options: TellingOptions): Telling {
  const revisions = createRevisions()
  const attempts = createTellAttempts({ ...options, revisions })
  const rows = createRequestRows({ ...options, revisions })

  const tellSpan = (entry: RequestEntry, group: Group, isFresh: boolean) => {
    const trace = options.alsoOf(entry)
    const groups = trace && trace !== group ? [group, trace] : [group]
    const own = attemptsOf(entry, groups)
    if (own.length > 0) entry.hasOwn = false
    if (entry.own && !entry.hasOwn) attempts.takeBack(entry.own)
    else if (entry.own) attempts.tell(entry.own, isFresh)
    const now = toSpanRequest(entry, own, options.topology())
    rows.tell(entry, now, { form: '', isFresh, isSeen: isFresh })
  }
  const tellJob = (group: Group, by: number) => {
    const opening = openingOf(group)
    for (const entry of group.requests) {
      if (entry.own) attempts.takeBack(entry.own)
      // A poll was taken for a request as long as nobody knew better.
      if (entry === opening || !entry.told) continue
      // What stood under the poll's name was the last word: the opening's must be later.
      if (opening && entry.told.form === 'job') opening.revision = revisions.next()
      rows.tell(entry, entry.told, { form: 'poll', isFresh: false, isSeen: false })
    }
    const now = toJobRequest(group, opening?.said, options.topology())
    if (!now || now.route === '') return
    // Rules see it once, when it has ended; then there is a row of that moment in any case.
    const isSeen = !group.isObserved && now.outcome !== 'unknown'
    const isBrought = group.broughtBy === by || opening?.broughtBy === by
    const as = { form: 'job', isFresh: isBrought || isSeen, isSeen } as const
    if (!opening) return rows.tellEnd(group, now, as)
    rows.takeBackEnd(group, opening)
    rows.tell(opening, now, as)
  }
  return {
    attemptOf: attempts.attemptOf,
    start: revisions.start,
    tell(group, by) {
      for (const entry of group.attempts)
        if (!entry.isOwn) attempts.tell(entry, entry.broughtBy === by)
      if (isAsynchronous(group)) tellJob(group, by)
      else for (const entry of group.requests) tellSpan(entry, group, entry.broughtBy === by)
    },
    forgetLast: revisions.undo,
  }
}

interface RequestRowsOptions extends Pick<TellingOptions, 'request'> {
  readonly revisions: Revisions
}

interface As {
  readonly form: StoredRequest['form']
  readonly isFresh: boolean
  /** It is what rules see now. */
  readonly isSeen: boolean
}

function createRequestRows({ revisions, request }: RequestRowsOptions) {
  return {
    /** By the start, trace and span of its opening, or of the span that it is. */
    tell(entry: RequestEntry, now: JobRequest | JudgedRequest, { form, isFresh, isSeen }: As) {
      const isSame = entry.told !== undefined && isEqual(entry.told, now, form)
      if (isSame && !isFresh) return
      if (!isSame && (entry.told || entry.revision > 0)) entry.revision = revisions.next()
      const row = toRow(now, { form, revision: entry.revision, isUnseen: !isSeen })
      entry.told = row
      revisions.onUndo(entry)
      request(row)
    },
    /** By those of its end, while no opening is known. */
    tellEnd(group: Group, now: JobRequest, { isFresh, isSeen }: As) {
      const { toldEnd } = group
      const isSame =
        toldEnd !== undefined && isEqual(toldEnd, now, 'end') && isSameRow(toldEnd, now)
      if (isSame && !isFresh) return
      // An earlier end than the one that was told first has a row of its own.
      if (toldEnd && !isSameRow(toldEnd, now))
        request({ ...toldEnd, form: 'poll', revision: revisions.next(), isUnseen: true })
      // Never 0: what an earlier process said of the request is older.
      if (!isSame) group.endRevision = revisions.next()
      const own = { form: 'end', revision: group.endRevision, isUnseen: !isSeen } as const
      const row = { ...now, ...own }
      group.toldEnd = row
      revisions.onUndo({
        undo() {
          group.toldEnd = toldEnd
        },
      })
      request(row)
    },
    /** Its opening is known now, and has a row of its own, which must be the later one. */
    takeBackEnd(group: Group, opening: RequestEntry) {
      const { toldEnd } = group
      if (!toldEnd) return
      group.toldEnd = undefined
      revisions.onUndo({
        undo() {
          group.toldEnd = toldEnd
        },
      })
      request({ ...toldEnd, form: 'poll', revision: revisions.next(), isUnseen: true })
      opening.revision = revisions.next()
    },
  }
}

function toRow(
  now: JobRequest | JudgedRequest,
  standing: Required<Pick<StoredRequest, 'form' | 'revision' | 'isUnseen'>>,
): StoredRequest {
  return now instanceof JudgedRequest
    ? new JudgedRequest(now.said, now, standing)
    : { ...now, ...standing }
}

function isSameRow(told: StoredRequest, now: JobRequest) {
  return (
    told.startUnixNs === now.startUnixNs &&
    told.traceId === now.traceId &&
    told.spanId === now.spanId
  )
}

function isEqual(
  told: StoredRequest,
  now: JobRequest | JudgedRequest,
  form: StoredRequest['form'],
) {
  if (told.form !== form || told.outcome !== now.outcome || told.requestId !== now.requestId)
    return false
  // What is open is not written anew with every attempt.
  if (now.outcome === 'unknown') return true
  return (
    told.endUnixNs === now.endUnixNs &&
    told.errorType === now.errorType &&
    told.finalTarget === now.finalTarget &&
    told.attemptCount === now.attemptCount
  )
}
