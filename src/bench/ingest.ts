import { packagePath } from '../config/package-files.ts'
import type { BenchOptions } from './bench-options.ts'
import type { LoadOrder } from './load.ts'
import { measureRun, type RunFigures } from './measured-run.ts'
import type { PayloadSender } from './sample-spans.ts'
import type { PayloadEncoding } from './span-places.ts'
import { medianOf, round } from './statistics.ts'
import { startTarget, type TargetOptions } from './target.ts'

// The whole path of a span, from a sender's socket to a row that can be queried, through the real
// server with the rules that it ships with; then the same load into the pipeline one would write
// first. Each variant meets a fresh server.

export interface Variant {
  readonly name: string
  readonly target: TargetOptions
  readonly spansPerRequest: number
  readonly encoding: PayloadEncoding
  readonly isGzip: boolean
  readonly sender: PayloadSender
}

const WARM_UP_MS = 3_000
const MAIN = 'main'
const NAIVE = 'naive'
/** Objects of 131,072 rows twice, and their text: more than node's default heap. */
export const NAIVE_TARGET: TargetOptions = {
  argsOf: ({ dataDir, readyFile }) => [
    packagePath('dist/bench/reference-process.js'),
    ...[dataDir, readyFile],
  ],
  execArgv: ['--max-old-space-size=6144'],
}

/** The one that figures are quoted of, and everything that changes one or more things of it. */
export const VARIANTS: readonly Variant[] = [
  toVariant(MAIN, {}),
  // Rules take every span of a worker that says what it is, and every attempt and request.
  ...(['worker', 'router'] as const).map((sender) => toVariant(`${sender}s`, { sender })),
  ...(['protobuf', 'json'] as const).flatMap((encoding) =>
    [false, true].flatMap((isGzip) =>
      [1_000, 50]
        .filter((spansPerRequest) => encoding === 'json' || isGzip || spansPerRequest !== 1_000)
        .map((spansPerRequest) => {
          const name = `${encoding}${isGzip ? '-gzip' : ''}-${spansPerRequest}`
          return toVariant(name, { encoding, isGzip, spansPerRequest })
        }),
    ),
  ),
  toVariant(NAIVE, { target: NAIVE_TARGET }),
]

function toVariant(name: string, different: Partial<Variant>): Variant {
  return {
    ...{ name, target: {}, spansPerRequest: 1_000, encoding: 'protobuf', isGzip: false },
    sender: 'plain',
    ...different,
  }
}

export async function benchIngest(options: BenchOptions): Promise<void> {
  const chosen = VARIANTS.filter(({ name }) => options.only?.includes(name) ?? true)
  const found = new Map<string, RunFigures>()
  for (const variant of chosen) {
    const figures = await measureVariant(variant, options)
    found.set(variant.name, figures)
    options.emit(figures)
  }
  const [main, naive] = [found.get(MAIN), found.get(NAIVE)]
  if (main && naive) options.emit(compare(main, naive))
}

async function measureVariant(variant: Variant, options: BenchOptions) {
  const order = toOrder(variant, options)
  const runs: RunFigures[] = []
  for (let run = 1; run <= options.runCount; run++) {
    const seconds = round(order.durationMs / 1_000, 1)
    options.progress(`${variant.name}: run ${run} of ${options.runCount}, ${seconds} s`)
    const target = await startTarget(variant.target)
    try {
      runs.push(await measureRun(target, { order, warmUpMs: WARM_UP_MS }))
    } finally {
      await target.stop()
    }
  }
  const { connections, encoding, spansPerRequest, isGzip, sender, spansPerS } = order
  return {
    ...{ variant: variant.name, runs: runs.length, connections, encoding, gzip: isGzip },
    ...{ sender, spans_per_request: spansPerRequest, offered_spans_per_s: spansPerS ?? null },
    ...medianRun(runs),
  }
}

function toOrder(variant: Variant, options: BenchOptions): Omit<LoadOrder, 'port'> {
  const { spansPerRequest, encoding, isGzip, sender } = variant
  const { spansPerS, seconds } = options
  return {
    ...{ spansPerRequest, encoding, isGzip, sender },
    // Small requests share syncs of the log: they need many senders to be as fast.
    connections: options.connections ?? (spansPerRequest < 1_000 ? 64 : 4),
    durationMs: seconds * 1_000,
    ...(spansPerS !== undefined && { spansPerS }),
  }
}

/** Of each figure by itself; of what must never happen, the worst. */
function medianRun(runs: readonly RunFigures[]): RunFigures {
  const [first] = runs
  if (!first) throw new Error('no runs')
  const names = Object.keys(first) as (keyof RunFigures)[]
  const worst = new Set<keyof RunFigures>(['lost_spans', 'doubled_spans', 'refused_requests'])
  const entries = names.map((name) => {
    const values = runs.map((run) => run[name])
    return [name, worst.has(name) ? Math.max(...values) : round(medianOf(values))] as const
  })
  return Object.fromEntries(entries) as RunFigures
}

function compare(main: RunFigures, naive: RunFigures) {
  const ratio = (name: 'cpu_s_per_million_spans' | 'spans_per_s') => [main[name], naive[name]]
  const [ownCpu = 0, naiveCpu = 0] = ratio('cpu_s_per_million_spans')
  const [ownRate = 0, naiveRate = 0] = ratio('spans_per_s')
  return {
    variant: 'naive against main',
    naive_cpu_times: round(naiveCpu / ownCpu),
    spans_per_s_times: round(ownRate / naiveRate),
  }
}
