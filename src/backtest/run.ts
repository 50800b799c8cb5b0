import type { Failover } from '../config/failover.ts'
import type { Meanings } from '../config/meanings.ts'
import type { Rule } from '../config/rules.ts'
import { createTimings } from '../config/timings.ts'
import { createTopology } from '../config/topology.ts'
import { createRecordedMemory } from '../decode/recorded-memory.ts'
import type { ResourceOptions } from '../decode/resource.ts'
import { createReplay, type Replay, type ReplayFrame } from '../detect/replay.ts'
import { type ByteRoom, createByteRoom } from '../lib/byte-room.ts'
import type { BacktestResult, BacktestRule } from '../model/backtest.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Recorded } from '../store/recorded.ts'
import type { Slice } from '../store/recorded-query.ts'
import { compareTrips, per30Days, toTime, toTrip } from './compare.ts'
import { createEpisodes, type Episode, type Episodes } from './episodes.ts'
import { type FrameOptions, fetchSlice, playSlice } from './frames.ts'
import { createPairBook } from './pair-book.ts'
import { planOf } from './plan.ts'
import { cutSlices } from './slices.ts'

/** What a back-test needs; plain data, so that another process can be given it. */
export interface BacktestOrder {
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly warmUpMs: number
  readonly inForce: readonly Rule[]
  /** Another set of rules. */
  readonly given: readonly Rule[] | undefined
  readonly failover: Pick<Failover, 'routes'>
  readonly meanings: Meanings
  readonly services: ResourceOptions['services']
  readonly latenessMs: number
  readonly speed: number
}

export interface RunOptions {
  readonly recorded: Recorded
  progress(doneRatio: number): void
  /** Each frame, also those of the warm-up, before it is judged. */
  seen?(frame: ReplayFrame): void
  /** Each verdict of the rules that are tried, with what they refused: what a server stores of them. */
  verdict?(verdict: Verdict): void
}

/** Not further apart than this, two trips may be the same event without overlapping. */
const NEAR_MS = 600_000

/**
 * Shows the engine what it was shown, in that order, and compares what it finds with what it found
 * then. Memory: two slices of rows, the engine's own state, and at most 100,000 trips.
 *
 * @throws AppError what the database throws
 */
export async function runBacktest(
  order: BacktestOrder,
  options: RunOptions,
): Promise<Omit<BacktestResult, 'took_s' | 'cpu_s' | 'fixture'>> {
  const { fromUnixMs, toUnixMs, warmUpMs, inForce, given } = order
  const base = toNs(fromUnixMs - warmUpMs)
  const whole: Slice = { base, from: base, to: toNs(toUnixMs) }
  const pairs = createPairBook()
  for (const { route, seen, ...pair } of await options.recorded.pairsBefore(whole))
    pairs.decided(route, pair, fromUnixMs - warmUpMs + seen / 1e6)
  const sets = { own: createEpisodes(), inForce: createEpisodes() }
  const play = (rules: readonly Rule[], episodes: Episodes): Replay =>
    createReplay({
      ...{ rules, latenessMs: order.latenessMs, startUnixMs: fromUnixMs - warmUpMs },
      topology: createTopology(order.failover),
      timings: createTimings(order.speed),
      ...{ pairOf: pairs.pairOf, pairAt: pairs.pairAt },
      verdict(verdict) {
        episodes.add(verdict)
        if (episodes === sets.own) options.verdict?.(verdict)
      },
      refuse: (verdict) => episodes === sets.own && options.verdict?.(verdict),
    })
  const replays = [play(given ?? inForce, sets.own)]
  if (given) replays.push(play(inForce, sets.inForce))
  const counts = await playAll(whole, { ...options, order, pairs, replays })
  for (const replay of replays) replay.turnTo(toUnixMs)
  const live = createEpisodes()
  for (const one of await options.recorded.evaluations(whole)) live.add(one)
  const since = (episodes: Episodes) => episodes.since(fromUnixMs)
  return {
    schema: 'signalbox.backtest/v1',
    ...{ from: toTime(fromUnixMs), to: toTime(toUnixMs) },
    warm_up_from: toTime(fromUnixMs - warmUpMs),
    ...counts,
    rule_set: given ? 'given' : 'in_force',
    rules: compareRules({
      rules: given ?? inForce,
      rangeMs: toUnixMs - fromUnixMs,
      own: since(sets.own),
      live: since(live),
      inForce: given && since(sets.inForce),
    }),
    notes: notesOf(counts.batches, order),
  }
}

interface PlayOptions extends RunOptions {
  readonly order: BacktestOrder
  readonly pairs: FrameOptions['pairs']
  readonly replays: readonly Replay[]
}

/** The next slice is fetched while this one is judged. */
async function playAll(whole: Slice, options: PlayOptions) {
  const { recorded, order, pairs, replays } = options
  const { inForce, given, meanings, services } = order
  const plan = planOf([...inForce, ...(given ?? [])], meanings)
  const resources = { meanings, services }
  const memory = createRecordedMemory()
  const frames: FrameOptions = { recorded, plan, resources, pairs, memory }
  let observations = 0
  let batches = 0
  const take = (frame: ReplayFrame) => {
    if ('observations' in frame) {
      observations += frame.observations.length
      batches++
    }
    options.seen?.(frame)
    for (const replay of replays) replay.take(frame)
  }
  // The rows of the slice before the last are done with when a slice is fetched.
  const rooms = [createByteRoom(), createByteRoom()]
  const cut = await cutSlices(recorded, whole)
  const slices = cut.map((slice, index) => ({ ...slice, room: rooms[index % 2] as ByteRoom }))
  let coming = slices[0] && fetchSlice(slices[0], frames)
  for (let index = 0; coming; index++) {
    const rows = await coming
    const next = slices[index + 1]
    next?.room.clear()
    coming = next && fetchSlice(next, frames)
    // It is awaited only after this one is played: until then a fault has nobody to take it.
    coming?.catch(() => {})
    await playSlice(rows, frames, take)
    options.progress((index + 1) / slices.length)
  }
  return { observations, batches }
}

function compareRules(query: {
  readonly rules: readonly Rule[]
  readonly rangeMs: number
  readonly own: readonly Episode[]
  readonly live: readonly Episode[]
  readonly inForce: readonly Episode[] | undefined
}): BacktestRule[] {
  const { rules, rangeMs, own, live, inForce } = query
  const ids = new Set([...rules.map(({ id }) => id), ...live.map(({ rule }) => rule)])
  for (const { rule } of inForce ?? []) ids.add(rule)
  return [...ids].map((rule) => {
    const of = (all: readonly Episode[]) => all.filter((one) => one.rule === rule)
    const trips = of(own)
    const against = (reference: readonly Episode[]) =>
      compareTrips({ trips, reference: of(reference), nearMs: NEAR_MS, rangeMs })
    return {
      rule,
      trips: trips.map(toTrip),
      trips_per_30d: per30Days(trips.length, rangeMs),
      against_live: against(live),
      ...(inForce && { against_in_force: against(inForce) }),
    }
  })
}

function notesOf(batches: number, { warmUpMs, given }: BacktestOrder): string[] {
  const notes = [
    `windows were filled from ${Math.round(warmUpMs / 1_000)} s before the range; what the server ` +
      'knew from before that (baselines, who is silent) may make the first trips differ',
    'routes and targets have the roles of the failover.yaml in force now',
  ]
  if (given) notes.push('traffic moved as it really did, not as these rules would have moved it')
  if (batches === 0)
    notes.unshift(
      'nothing is stored of this time: data from before the recording cannot be replayed',
    )
  return notes
}

const toNs = (unixMs: number) => BigInt(Math.floor(unixMs)) * 1_000_000n
