import type { OnCall } from '../config/oncall.ts'
import type { Timings } from '../config/timings.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Incident, IncidentChange, PageView } from '../model/incident.ts'
import type { StateStore } from '../model/state-store.ts'
import type { PageEvents } from '../telemetry/page-events.ts'
import { chain, type Stage } from './chain.ts'
import { createDeadMan, type DeadMan, type DeadManState } from './dead-man.ts'
import { advancePages, findRoute } from './escalation.ts'
import { muted } from './muted.ts'
import { createPageBook, type PageBook } from './page-book.ts'
import { createReceivers, type Receivers } from './receivers.ts'
import { recorded } from './recorded.ts'
import { createResender } from './resender.ts'
import { createSender, type Sender } from './sender.ts'
import { type HoldBack, silenced } from './silenced.ts'
import { createSilences, type Silences } from './silences.ts'
import { tellInOrder } from './tell-in-order.ts'

const SWEEP_MS = 1_000

/** Tells people of incidents: by levels, in order, until somebody acknowledges or it is over. */
export interface Pager extends Part {
  /** An incident changed; what is to be told is decided from the incident as it is now. */
  change(change: IncidentChange): void
  /** A new file: levels that were told stay told, timers go on. */
  reload(oncall: OnCall): void
  readonly silences: Pick<Silences, 'list' | 'create' | 'remove'>
  /** Undefined when no outside watcher is configured. */
  deadMan(): DeadManState | undefined
}

export interface PagerOptions {
  readonly oncall: OnCall
  readonly store: StateStore
  readonly clock: Clock
  readonly timings: Pick<Timings, 'stalePageMs'>
  /** Base of the links in pages, such as `http://127.0.0.1:8080`. */
  readonly publicUrl: string
  incident(id: string): Incident | undefined
  recordPage(incidentId: string, view: PageView): void
  readonly events: PageEvents
}

/** What changes with the file. */
interface Setup {
  readonly oncall: OnCall
  readonly receivers: Receivers
  readonly deadMan: DeadMan | undefined
}

export function createPager(options: PagerOptions): Pager {
  const { store, clock, events } = options
  const stopping = new AbortController()
  const book = createPageBook({ store, events })
  const silences = createSilences({ store, clock })
  const setUp = (oncall: OnCall): Setup => ({
    oncall,
    receivers: createReceivers(oncall, clock),
    deadMan:
      oncall.deadMan &&
      createDeadMan({ config: oncall.deadMan, clock, events, signal: stopping.signal }),
  })
  let setup = setUp(options.oncall)
  const receivers = () => setup.receivers

  /** How a page travels. */
  const tell = (holdBack: HoldBack): Stage =>
    chain(
      silenced(silences, holdBack),
      muted({ windows: setup.oncall.mute, clock, holdBack }),
      tellInOrder({ receivers: setup.receivers, clock }),
      recorded(options.recordPage),
    )

  const parts = { ...options, book, receivers, signal: stopping.signal }
  const resender = createResender(parts)
  const sender = createSender({
    ...parts,
    tell,
    stalePageMs: options.timings.stalePageMs,
    accepted: resender.told,
  })
  const evaluate = createEvaluate({ book, sender, clock, events, oncall: () => setup.oncall })
  const sweep = () => {
    for (const { incident: id } of book.all()) {
      const incident = options.incident(id)
      if (incident) evaluate(incident)
      else book.remove(id)
    }
    sender.sendDue()
    resender.resendDue()
    book.flush()
    setup.deadMan?.tick()
  }
  let stopSweep: Cancel | undefined

  return {
    name: 'page',
    silences,
    deadMan: () => setup.deadMan?.state(),
    async start() {
      stopSweep = clock.every(SWEEP_MS, sweep)
    },
    async stop() {
      stopSweep?.()
      stopping.abort()
      await sender.stop()
      book.flush()
    },
    change({ incident }) {
      evaluate(incident)
      if (stopSweep) sender.sendDue()
    },
    reload(oncall) {
      setup = setUp(oncall)
    },
  }
}

interface EvaluateParts {
  readonly book: PageBook
  readonly sender: Sender
  readonly clock: Clock
  readonly events: PageEvents
  oncall(): OnCall
}

/** Brings the paging of one incident to where it should be now. */
function createEvaluate(parts: EvaluateParts): (incident: Incident) => void {
  const { book, sender, clock, events } = parts
  return (incident) => {
    const { id } = incident
    const isKnown = book.get(id) !== undefined
    if (!isKnown && incident.state === 'resolved') return
    const situation = { incident, oncall: parts.oncall(), nowMs: clock.nowMs() }
    if (!isKnown && situation.oncall.routes.length > 0 && !findRoute(situation)) {
      events.unrouted({ incident: id, title: incident.title })
    }
    const state = book.update(id, (before) => advancePages(before, situation))
    const isDone = state.over === 'resolved' && Object.keys(state.outbox).length === 0
    if (isDone && sender.isIdle(id)) book.remove(id)
  }
}
