import type { Source } from '../model/observation.ts'

/** When a source was heard, by arrival and by event time. Arrival is on the never-stepping clock. */
export interface SourceState {
  readonly id: string
  /** What it was heard as; who was nobody in particular may turn out to be a router. */
  component: Source['component']
  /** Last arrival of telemetry or status. */
  heardMs: number
  /** Since when it was heard without a gap of `silentMs`. */
  steadySinceMs: number
  /** Newest event time of anything it sent. */
  newestUnixMs: number
  /** Last arrival of telemetry, and by how much its newest item was late then. */
  telemetryHeardMs: number
  newestTelemetryUnixMs: number
  lagMs: number
  /** Its lag in quiet times: falls at once, rises slowly, so that a backlog does not become usual. */
  usualLagMs: number
}

/** Everyone who sends: the basis of watermarks, of silence and of what may be missing. */
export interface Sources {
  heard(arrival: Arrival): SourceState
  get(id: string): SourceState | undefined
  /** It said goodbye: neither silent nor missing from now on. */
  forget(id: string): void
  /** Sent steadily, and then nothing, neither telemetry nor status, for `silentMs`. */
  isSilent(source: SourceState, nowMs: number): boolean
  /** Still sends, but its newest telemetry came later than `latenessMs` allows: a backlog drains. */
  isBehind(source: SourceState, nowMs: number): boolean
  /** Behind by far more than it always is. */
  isUnusuallyBehind(source: SourceState, nowMs: number): boolean
  /** False when nobody is silent or behind: a quick answer for the usual case. */
  mayMiss(nowMs: number): boolean
  /** Heard within `silentMs`: its watermark is waited for. */
  isActive(source: SourceState, nowMs: number): boolean
  /** Newest event time of any source; undefined before the first. */
  readonly newestUnixMs: number | undefined
  /** What `load` takes: with ages instead of times of the never-stepping clock. */
  save(nowMs: number): readonly SourceState[]
  /** The time between `save` and `load` is nobody's silence: nobody listened. */
  load(saved: unknown, nowMs: number): void
}

export interface Arrival {
  readonly source: Source
  readonly isStatus: boolean
  readonly atUnixMs: number
  readonly nowUnixMs: number
  readonly nowMs: number
}

export interface SourcesOptions {
  readonly silentMs: number
  readonly latenessMs: number
}

const SOURCES_MAX = 10_000
const USUAL_RISE = 0.02

export function createSources({ silentMs, latenessMs }: SourcesOptions): Sources {
  const sources = new Map<string, SourceState>()
  let newestUnixMs: number | undefined
  /** When somebody was last heard to be behind. */
  let behindMs = Number.NEGATIVE_INFINITY

  // A tenth at once, or each of many new names would look through all of the old ones.
  const makeRoom = () => {
    const longestFirst = [...sources.values()].sort((a, b) => a.heardMs - b.heardMs)
    for (const { id } of longestFirst.slice(0, SOURCES_MAX / 10)) sources.delete(id)
  }
  const add = ({ source, nowMs, atUnixMs }: Arrival): SourceState => {
    const added: SourceState = {
      ...{ id: source.id, component: source.component, heardMs: nowMs, steadySinceMs: nowMs },
      newestUnixMs: atUnixMs,
      telemetryHeardMs: Number.NEGATIVE_INFINITY,
      newestTelemetryUnixMs: Number.NEGATIVE_INFINITY,
      lagMs: 0,
      usualLagMs: Number.POSITIVE_INFINITY,
    }
    if (sources.size >= SOURCES_MAX) makeRoom()
    sources.set(source.id, added)
    return added
  }

  const isBehind = ({ lagMs, telemetryHeardMs }: SourceState, nowMs: number) =>
    lagMs > latenessMs && nowMs - telemetryHeardMs <= silentMs

  // A worker that logged one line and nothing since is not missing: it never sent steadily.
  const isSilent = (source: SourceState, nowMs: number) =>
    nowMs - source.heardMs > silentMs && source.heardMs - source.steadySinceMs >= silentMs
  const isAnySilent = createAnySilent(sources, { isSilent, silentMs })

  return {
    get newestUnixMs() {
      return newestUnixMs
    },
    get: (id) => sources.get(id),
    forget: (id) => void sources.delete(id),
    heard(arrival) {
      const { nowMs, atUnixMs, nowUnixMs } = arrival
      const state = sources.get(arrival.source.id) ?? add(arrival)
      if (state.component === 'other') state.component = arrival.source.component
      if (nowMs - state.heardMs > silentMs) state.steadySinceMs = nowMs
      state.heardMs = nowMs
      state.newestUnixMs = Math.max(state.newestUnixMs, atUnixMs)
      newestUnixMs = Math.max(newestUnixMs ?? atUnixMs, atUnixMs)
      if (arrival.isStatus) return state
      const elapsedMs = Math.min(silentMs, nowMs - state.telemetryHeardMs)
      state.telemetryHeardMs = nowMs
      state.newestTelemetryUnixMs = Math.max(state.newestTelemetryUnixMs, atUnixMs)
      state.lagMs = nowUnixMs - state.newestTelemetryUnixMs
      if (state.lagMs > latenessMs) behindMs = nowMs
      state.usualLagMs = Math.min(state.lagMs, state.usualLagMs + elapsedMs * USUAL_RISE)
      return state
    },
    isSilent,
    mayMiss: (nowMs) => nowMs - behindMs <= silentMs || isAnySilent(nowMs),
    save: (nowMs) => [...sources.values()].map((state) => turned(state, (ms) => nowMs - ms)),
    load(saved, nowMs) {
      behindMs = nowMs
      for (const state of (saved as readonly SourceState[]).slice(0, SOURCES_MAX)) {
        const restored = turned(state, (ageMs) => nowMs - ageMs)
        sources.set(state.id, restored)
        newestUnixMs = Math.max(newestUnixMs ?? state.newestUnixMs, state.newestUnixMs)
      }
    },
    isBehind,
    isUnusuallyBehind: (source, nowMs) =>
      isBehind(source, nowMs) && source.lagMs > 2 * source.usualLagMs,
    isActive: (source, nowMs) => nowMs - source.heardMs <= silentMs,
  }
}

interface SilenceOf {
  isSilent(source: SourceState, nowMs: number): boolean
  readonly silentMs: number
}

/** Whether any source is silent: looks through them all only when one may have become so. */
function createAnySilent(sources: ReadonlyMap<string, SourceState>, of: SilenceOf) {
  let noneUntilMs = Number.NEGATIVE_INFINITY
  let last: SourceState | undefined
  return (nowMs: number): boolean => {
    if (nowMs <= noneUntilMs) return false
    if (last && of.isSilent(last, nowMs) && sources.get(last.id) === last) return true
    let leastHeardMs = nowMs
    for (const source of sources.values()) {
      last = source
      if (of.isSilent(source, nowMs)) return true
      // One that did not send steadily before it stopped is not silent however long it lasts.
      if (nowMs - source.heardMs <= of.silentMs)
        leastHeardMs = Math.min(leastHeardMs, source.heardMs)
    }
    noneUntilMs = leastHeardMs + of.silentMs
    return false
  }
}

/** Times of the never-stepping clock into ages, or ages into such times. */
function turned(state: SourceState, turn: (ms: number) => number): SourceState {
  const { heardMs, steadySinceMs, telemetryHeardMs } = state
  return {
    ...state,
    heardMs: turn(heardMs),
    steadySinceMs: turn(steadySinceMs),
    telemetryHeardMs: turn(telemetryHeardMs),
  }
}
