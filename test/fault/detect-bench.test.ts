import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Floor } from '../../src/bench/detect-floors.ts'
import type { Scenario } from '../../src/fleet/scenario.ts'
import { SCENARIOS } from '../../src/fleet/scenarios.ts'

// All that `npm run bench -- detect` plays, in two processes, held to its floors.

const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 64 * 1_024 * 1_024
/** Three minutes on two free cores; machines that others use as well get more. */
const TEST_MS = 900_000

interface Line {
  readonly scenario?: string
  readonly missed?: readonly string[]
  readonly false_trips?: readonly unknown[]
  readonly floors?: readonly Floor[]
}

test(
  'every scenario is played, and the floors hold',
  async () => {
    const lines = (await Promise.all(halvesOf(SCENARIOS).map(play))).flat()
    const played = lines.flatMap(({ scenario }) => (scenario === undefined ? [] : [scenario]))
    expect(played.sort()).toEqual(SCENARIOS.map(({ name }) => name).sort())
    const wrong = lines.filter(
      ({ missed = [], false_trips: trips = [] }) => missed.length + trips.length > 0,
    )
    const floors = lines.flatMap((line) => line.floors ?? [])
    expect(floors.length).toBeGreaterThan(0)
    expect(
      floors.filter((floor) => !floor.is_met),
      JSON.stringify(wrong, undefined, 1),
    ).toEqual([])
  },
  TEST_MS,
)

async function play(scenarios: readonly Scenario[]): Promise<Line[]> {
  const names = scenarios.map(({ name }) => name).join(',')
  const { stdout } = await run(
    process.execPath,
    ['dist/bench/main.js', 'detect', '--only', names],
    { maxBuffer: OUTPUT_BYTES_MAX },
  )
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** About as long to play: ticks by virtual time, and items by load. */
function halvesOf(scenarios: readonly Scenario[]): Scenario[][] {
  const costOf = ({ durationS, load }: Scenario) => durationS * (20 + load.requestsPerS)
  const halves = [0, 1].map(() => ({ cost: 0, scenarios: [] as Scenario[] }))
  for (const one of [...scenarios].sort((a, b) => costOf(b) - costOf(a))) {
    const lighter = halves.reduce((least, half) => (half.cost < least.cost ? half : least))
    lighter.cost += costOf(one)
    lighter.scenarios.push(one)
  }
  return halves.map((half) => half.scenarios)
}
