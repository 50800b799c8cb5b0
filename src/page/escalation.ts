import type { Level, OnCall, PageRoute } from '../config/oncall.ts'
import type { Incident } from '../model/incident.ts'
import type { Severity } from '../model/verdict.ts'
import { dropItems, enqueue, type LevelRun, type PageState, tellReceiver } from './page-state.ts'
import { labelsOf } from './wording.ts'

// Who is to be told next. Pure and level-triggered: from the incident as it is, the file, the stored
// state and the time, always the same next state. Run at each change and each second, it cannot
// forget a timer, and running it twice changes nothing.

/** A flapping mitigation is one update page per receiver in this time, with what holds then. */
const UPDATE_EVERY_MS = 30_000
/** After so many rounds in which no receiver of a level accepted, the next level is told. */
const UNREACHABLE_ROUNDS = 2

export interface Situation {
  readonly incident: Incident
  readonly oncall: OnCall
  readonly nowMs: number
}

export function advancePages(state: PageState, situation: Situation): PageState {
  const { incident } = situation
  if (incident.state === 'resolved') return finish(state, 'resolved', situation)
  if (incident.acknowledged_at !== undefined) {
    return updateTold(finish(state, 'acknowledged', situation), situation)
  }
  return updateTold(escalate(startLevels(state, situation), situation), situation)
}

/** The first route of the file whose matchers hold. */
export function findRoute({ incident, oncall }: Situation): PageRoute | undefined {
  const labels = labelsOf(incident)
  return oncall.routes.find((route) => route.match((key) => labels[key]))
}

function startLevels(state: PageState, situation: Situation): PageState {
  const { incident, nowMs } = situation
  const route = findRoute(situation)
  if (!route) return state
  const heldUntilMs = Date.parse(incident.opened_at) + route.waitForMitigationMs
  const isHeld = incident.mitigation === 'pending' && nowMs < heldUntilMs
  if (state.levels.length === 0 && isHeld) return state
  const chosen = state.chain === route.chain ? state : { ...state, chain: route.chain }
  return route.start.reduce((next, level) => startLevel(next, level, situation), chosen)
}

function startLevel(state: PageState, name: string, situation: Situation): PageState {
  const level = situation.oncall.levels.find((one) => one.name === name)
  if (!level || state.levels.some((run) => run.level === name)) return state
  const run: LevelRun = { level: name, round: 0, failedRounds: 0, isPassedOn: false }
  return openPage({ ...state, levels: [...state.levels, run] }, { level, round: 0 }, situation)
}

function openPage(
  state: PageState,
  { level, round }: { readonly level: Level; readonly round: number },
  { nowMs }: Situation,
): PageState {
  const key = `opened/${level.name}/${round}`
  const item = { key, phase: 'opened' as const, level: level.name, receivers: level.notify }
  return enqueue(state, item, nowMs)
}

function escalate(state: PageState, situation: Situation): PageState {
  return state.levels.reduce((next, run) => escalateLevel(next, run, situation), state)
}

function escalateLevel(state: PageState, run: LevelRun, situation: Situation): PageState {
  const level = situation.oncall.levels.find((one) => one.name === run.level)
  if (!level || run.isPassedOn || run.isWatchedElsewhere) return state
  if (run.deliveredUnixMs === undefined) {
    return run.failedRounds >= UNREACHABLE_ROUNDS ? passOn(state, run, situation) : state
  }
  const { ackWithinMs } = level
  if (ackWithinMs === undefined || situation.nowMs < run.deliveredUnixMs + ackWithinMs) return state
  if (run.round >= level.repeatCount) return passOn(state, run, situation)
  const { deliveredUnixMs: _delivered, ...rest } = run
  const again: LevelRun = { ...rest, round: run.round + 1, failedRounds: 0 }
  return openPage(replaceRun(state, again), { level, round: again.round }, situation)
}

/** Nobody of this level answered: its successor in the chain is told, if it was not yet. */
function passOn(state: PageState, run: LevelRun, situation: Situation): PageState {
  const chain = situation.oncall.chains[state.chain] ?? []
  const next = chain[chain.indexOf(run.level) + 1]
  const passed = replaceRun(state, { ...run, isPassedOn: true })
  return next === undefined ? passed : startLevel(passed, next, situation)
}

function replaceRun(state: PageState, run: LevelRun): PageState {
  return { ...state, levels: state.levels.map((one) => (one.level === run.level ? run : one)) }
}

/** Stops escalation, forgets what was not told yet, and tells those who were. */
function finish(
  state: PageState,
  over: 'acknowledged' | 'resolved',
  { nowMs }: Situation,
): PageState {
  if (state.over === over || state.over === 'resolved') return state
  const quiet = dropItems(
    { ...state, over },
    (item) => over === 'resolved' || item.phase === 'opened',
  )
  return Object.keys(state.told).reduce(
    (next, receiver) => tellReceiver({ state: next, receiver, phase: over, nowMs }),
    quiet,
  )
}

/** One update page per change of mitigation or worsening, to those who know of the incident. */
function updateTold(state: PageState, { incident, nowMs }: Situation): PageState {
  return Object.entries(state.told).reduce((next, [receiver, told]) => {
    const isNews =
      told.mitigation !== incident.mitigation || isWorse(told.severity, incident.severity)
    const key = `updated/${receiver}`
    if (!isNews) return dropItems(next, (item) => item.key === key)
    if (nowMs < (told.updatedUnixMs ?? -Infinity) + UPDATE_EVERY_MS) return next
    return tellReceiver({ state: next, receiver, phase: 'updated', nowMs })
  }, state)
}

const ORDER: readonly Severity[] = ['info', 'warning', 'error', 'critical']
function isWorse(before: Severity, now: Severity): boolean {
  return ORDER.indexOf(now) > ORDER.indexOf(before)
}
