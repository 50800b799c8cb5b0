import { deserialize, serialize } from 'node:v8'
import type { Rule } from '../config/rules.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { RuleMemory } from '../model/rule-memory.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { Gone, RuleBook } from './rule-book.ts'
import type { RuleRun, SavedRunGroup, Told } from './rule-run.ts'

// Rule state survives `kill -9`: windows, holds and verdicts of every group are written once a second,
// so that a restart has forgotten one second at most. On the next start the time since then counts as
// one in which everybody was silent (group-sources.ts): what could have come bounds ratios and leaves
// other rules unknown, until it came after all or the window has passed it. Nothing trips on a hole and
// nothing clears on one.

/** Something beside groups that is remembered. */
export interface Remembered {
  save(nowMs: number): unknown
  /** May throw on what is damaged; then it stays as it is. */
  load(saved: unknown, nowMs: number): unknown
  /** Grows when there is something new to save; absent: there always is. */
  readonly changeCount?: number
}

export interface MemoryOptions {
  readonly store: RuleMemory
  readonly clock: Clock
  readonly book: RuleBook
  readonly parts: Readonly<Record<string, Remembered>>
  readonly events: Pick<DetectEvents, 'remembered' | 'rememberFailed' | 'restored'>
}

export interface Memory {
  /**
   * Takes up what was saved, then saves every second. Returns the groups that fired and whose rule
   * went meanwhile, for their closing words.
   */
  start(): readonly Gone[]
  /** Saves once more. */
  stop(): Promise<void>
}

const VERSION = 1
const EVERY_MS = 1_000
/** Saving takes at most this share of the time; a larger state is saved less often. */
const SHARE_MAX = 0.02
/** Groups written before others get their turn. */
const GROUPS_AT_ONCE = 32

type Frame =
  | { readonly version: number; readonly savedUnixMs: number }
  | { readonly part: string; readonly saved: unknown }
  | { readonly rule: string; readonly text: string; readonly groups: readonly SavedRunGroup[] }
  | { readonly frameCount: number }

export function createMemory(options: MemoryOptions): Memory {
  const { store, clock, events } = options
  let cancel: Cancel | undefined
  let saving: Promise<void> | undefined
  let notBeforeMs = 0
  const unchanged = new Map<string, Kept>()

  const save = async () => {
    let busyMs = 0
    try {
      const chunks: Uint8Array[] = []
      for (const write of framesOf(options, unchanged)) {
        const startMs = clock.monotonicMs()
        chunks.push(...write())
        busyMs += clock.monotonicMs() - startMs
        await new Promise((resolve) => setImmediate(resolve))
      }
      chunks.push(...toChunks({ frameCount: chunks.length / 2 }))
      await store.save(chunks)
      events.remembered({ bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) })
    } catch (fault) {
      events.rememberFailed(fault instanceof Error ? fault.message : String(fault))
    }
    notBeforeMs = clock.monotonicMs() + busyMs / SHARE_MAX
  }
  const saveUnlessBusy = () => {
    saving ??= save().finally(() => {
      saving = undefined
    })
    return saving
  }
  return {
    start() {
      if (cancel) return []
      const gone = restore(options)
      cancel = clock.every(EVERY_MS, () => {
        if (clock.monotonicMs() >= notBeforeMs) void saveUnlessBusy()
      })
      return gone
    },
    async stop() {
      cancel?.()
      cancel = undefined
      await saving
      await saveUnlessBusy()
    },
  }
}

/** What was written of a part, good until the part changes. */
interface Kept {
  readonly changeCount: number
  readonly chunks: Chunks
}

type Chunks = readonly [Uint8Array, Uint8Array]

/** What is to be written, piece by piece; each is made when it is its turn. */
function* framesOf(
  { clock, book, parts }: MemoryOptions,
  unchanged: Map<string, Kept>,
): Generator<() => Chunks> {
  yield () => toChunks({ version: VERSION, savedUnixMs: clock.nowMs() })
  for (const [part, remembered] of Object.entries(parts))
    yield () => {
      const { changeCount } = remembered
      const kept = unchanged.get(part)
      if (kept && kept.changeCount === changeCount) return kept.chunks
      const chunks = toChunks({ part, saved: remembered.save(clock.monotonicMs()) })
      if (changeCount !== undefined) unchanged.set(part, { changeCount, chunks })
      return chunks
    }
  for (const run of book.runs()) {
    const entries = [...run.groups()]
    for (let from = 0; from < entries.length; from += GROUPS_AT_ONCE)
      yield () =>
        toChunks({
          rule: run.rule.id,
          text: JSON.stringify(run.rule),
          groups: entries.slice(from, from + GROUPS_AT_ONCE).map(({ group, told, history }) => ({
            by: group.by,
            group: group.save(clock.monotonicMs()),
            told: told && toSavedTold(told),
            history: history.save(),
          })),
        })
  }
}

function toSavedTold({ state, effect, traceparent, onset }: Told): SavedRunGroup['told'] {
  return { state, effect, traceparent, ...(onset && { onset }) }
}

function toChunks(frame: Frame): Chunks {
  const bytes = serialize(frame)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return [length, bytes]
}

function restore({ store, clock, book, parts, events }: MemoryOptions): readonly Gone[] {
  const bytes = store.load()
  if (!bytes) return []
  const frames = readFrames(bytes)
  const [head] = frames ?? []
  if (!frames || !head || !('version' in head) || head.version !== VERSION) {
    events.restored({ groups: 0, dropped: 0, agoMs: undefined })
    return []
  }
  const nowUnixMs = clock.nowMs()
  const deaf = { fromUnixMs: Math.min(head.savedUnixMs, nowUnixMs), untilUnixMs: nowUnixMs }
  const restored = { nowMs: clock.monotonicMs(), deaf }
  const runs = new Map(book.runs().map((run) => [run.rule.id, run]))
  const gone: Gone[] = []
  let groups = 0
  let dropped = 0
  for (const frame of frames) {
    if ('part' in frame) attempt(() => parts[frame.part]?.load(frame.saved, restored.nowMs))
    if (!('groups' in frame)) continue
    const run = runs.get(frame.rule)
    for (const saved of frame.groups) {
      const isTaken = run && attempt(() => take({ run, saved, text: frame.text, restored }))
      if (isTaken) groups++
      else dropped++
      if (isTaken || (run && JSON.stringify(run.rule) === frame.text)) continue
      const lost = attempt(() => goneOf({ book, saved, text: frame.text, restored }))
      if (lost) gone.push(lost)
    }
  }
  events.restored({ groups, dropped, agoMs: nowUnixMs - deaf.fromUnixMs })
  return gone
}

/** A group that was told to fire, of a rule as it was when it was saved; undefined for any other. */
function goneOf(query: Omit<TakeQuery, 'run'> & Pick<MemoryOptions, 'book'>): Gone | undefined {
  const { book, saved, text, restored } = query
  const { told, by } = saved
  if (told?.effect !== 'firing') return undefined
  const run = book.start(JSON.parse(text) as Rule)
  const known = { ...told, key: '', value: null, atMs: restored.nowMs }
  run.adopt({ group: { by, effect: 'firing' }, told: known })
  const entry = [...run.groups()].find(({ group }) => group.effect === 'firing')
  return entry && { run, entry }
}

interface TakeQuery {
  readonly run: RuleRun
  readonly saved: SavedRunGroup
  readonly text: string
  readonly restored: Parameters<RuleRun['load']>[1]
}

/** A rule that was edited meanwhile keeps its verdicts, as at a reload, and no windows. */
function take({ run, saved, text, restored }: TakeQuery): boolean {
  if (JSON.stringify(run.rule) === text) return run.load(saved, restored)
  const keys = Object.keys(saved.by)
  if (saved.group.hysteresis.effect !== 'firing') return false
  if (!keys.every((key) => run.rule.by.includes(key))) return false
  const { history } = saved
  run.adopt({
    group: { by: saved.by, effect: 'firing' },
    ...(history !== undefined && { history: { save: () => history } }),
  })
  return true
}

/** Undefined when it is damaged, or not all there. */
function readFrames(bytes: Uint8Array): Frame[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const frames: Frame[] = []
  try {
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at)
      frames.push(deserialize(bytes.subarray(at + 4, at + 4 + length)) as Frame)
      at += 4 + length
    }
  } catch {
    return undefined
  }
  const last = frames.pop()
  return last && 'frameCount' in last && last.frameCount === frames.length ? frames : undefined
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
