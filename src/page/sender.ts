import type { Clock } from '../lib/clock.ts'
import type { Incident, PageView } from '../model/incident.ts'
import type { Notice } from '../model/notice.ts'
import type { PageEvents } from '../telemetry/page-events.ts'
import type { Stage } from './chain.ts'
import { composeDigest, composeNotice, type Job } from './compose.ts'
import type { PageBook } from './page-book.ts'
import { dropItems, type OutItem, type PageState } from './page-state.ts'
import type { Receivers } from './receivers.ts'
import { delivered, failed, heldBack } from './settle.ts'
import type { HoldBack } from './silenced.ts'
import { labelsOf } from './wording.ts'

const IN_FLIGHT_MAX = 16

/** Takes what is due out of the outboxes and sends it through the chain. */
export interface Sender {
  sendDue(): void
  /** Nothing of the incident is on its way. */
  isIdle(incidentId: string): boolean
  /** Aborts what is on its way, and waits for it. */
  stop(): Promise<void>
}

export interface SenderOptions {
  readonly book: PageBook
  readonly clock: Clock
  readonly publicUrl: string
  readonly stalePageMs: number
  readonly events: PageEvents
  incident(id: string): Incident | undefined
  recordPage(incidentId: string, view: PageView): void
  /** As the file stands now. */
  receivers(): Receivers
  tell(holdBack: HoldBack): Stage
  /** A receiver took a notice. */
  accepted(incidentId: string, receiver: string): void
}

export function createSender(options: SenderOptions): Sender {
  const { book, clock, events } = options
  const inFlight = new Map<string, Promise<void>>()
  const stopping = new AbortController()

  const send = async (jobs: readonly [Job, ...Job[]]) => {
    // Whoever caused this is still in the middle of it: look at the incident when they are done.
    await Promise.resolve()
    const fresh = jobs.map((job) => refresh(job, options)).filter((job) => job !== undefined)
    const [first, ...others] = fresh
    if (!first) return
    const context = { publicUrl: options.publicUrl, nowMs: clock.nowMs() }
    const notice =
      others.length === 0
        ? composeNotice(first, context)
        : composeDigest([first, ...others], context)
    let reason: string | undefined
    const tell = options.tell((_notice, why) => {
      reason = why
    })
    const done = await tell(notice, stopping.signal)
    if (stopping.signal.aborted && done?.acceptedBy === undefined) return
    for (const job of fresh) settle({ job, done, reason }, options)
  }
  const start = (jobs: readonly [Job, ...Job[]]) => {
    const run = send(jobs)
      .catch((fault) => events.sendFailed({ fault }))
      .finally(() => {
        for (const job of jobs) inFlight.delete(keyOf(job))
      })
    for (const job of jobs) inFlight.set(keyOf(job), run)
  }
  return {
    sendDue() {
      const nowMs = clock.nowMs()
      const jobs = book
        .all()
        .flatMap((state) => jobsOf(state, options.incident(state.incident)))
        .filter((job) => !inFlight.has(keyOf(job)))
      events.pagesWaiting(jobs.length + inFlight.size)
      for (const group of groupStale(jobs, nowMs - options.stalePageMs)) {
        if (!group.some((job) => job.item.nextUnixMs <= nowMs)) continue
        if (inFlight.size >= IN_FLIGHT_MAX || stopping.signal.aborted) return
        start(group)
      }
    },
    isIdle: (id) => ![...inFlight.keys()].some((key) => key.startsWith(`${id} `)),
    async stop() {
      stopping.abort()
      await Promise.all(inFlight.values())
    },
  }
}

function keyOf({ state, item }: Job): string {
  return `${state.incident} ${item.key}`
}

function jobsOf(state: PageState, incident: Incident | undefined): Job[] {
  return incident ? Object.values(state.outbox).map((item) => ({ state, item, incident })) : []
}

/** Each page by itself, but all stale ones of a level together, though only one of them is due. */
function groupStale(jobs: readonly Job[], staleBeforeMs: number): [Job, ...Job[]][] {
  const groups = new Map<string, [Job, ...Job[]]>()
  for (const job of jobs) {
    const isStale = job.item.createdUnixMs < staleBeforeMs
    const key = isStale ? `stale ${job.item.level}` : keyOf(job)
    const group = groups.get(key)
    if (group) group.push(job)
    else groups.set(key, [job])
  }
  return [...groups.values()]
}

/** The job as things are now; undefined when it is no longer wanted. */
function refresh(job: Job, { book, incident }: SenderOptions): Job | undefined {
  const state = book.get(job.state.incident)
  const item = state?.outbox[job.item.key]
  const current = incident(job.state.incident)
  return state && item && current ? { state, item, incident: current } : undefined
}

interface Settled {
  readonly job: Job
  /** Undefined: held back, for `reason`. */
  readonly done: Notice | undefined
  readonly reason: string | undefined
}

function settle({ job, done, reason }: Settled, options: SenderOptions): void {
  const { book, clock, events } = options
  const { item, incident } = job
  const nowMs = clock.nowMs()
  if (!done) {
    const mutedBy = reason ?? 'held back'
    if (item.mutedBy === undefined)
      options.recordPage(incident.id, mutedView({ item, mutedBy, nowMs }))
    book.update(incident.id, (state) => heldBack(state, { item, mutedBy, nowMs }))
    return
  }
  for (const view of done.views) events.pageTold({ incident: incident.id, view })
  const { acceptedBy } = done
  if (acceptedBy === undefined) {
    const isRejected = done.isRejected ?? true
    const retryAfterMs = done.retryAfterMs ?? 0
    // Nobody acts on how it ended; after a refusal there is nothing to try again.
    const isWorthless = isRejected && item.phase !== 'opened'
    book.update(incident.id, (state) =>
      isWorthless
        ? dropItems(state, (one) => one.key === item.key)
        : failed(state, { item, nowMs, retryAfterMs, isRejected }),
    )
    return
  }
  events.pageDelivered({ receiver: acceptedBy, tookMs: nowMs - item.createdUnixMs })
  const escalates = options.receivers().get(acceptedBy)?.escalates ?? false
  const labels = labelsOf(incident)
  const facts = { item, receiver: acceptedBy, escalates, incident, labels, nowMs }
  book.update(incident.id, (state) => delivered(state, facts))
  options.accepted(incident.id, acceptedBy)
}

interface MutedFacts {
  readonly item: OutItem
  readonly mutedBy: string
  readonly nowMs: number
}

function mutedView({ item, mutedBy, nowMs }: MutedFacts): PageView {
  return {
    at: new Date(nowMs).toISOString(),
    level: item.level,
    receiver: item.receivers[0] ?? '',
    phase: item.phase,
    outcome: 'muted',
    attempts: 0,
    error: mutedBy,
  }
}
