import { parseArgs } from 'node:util'
import { benchBacktest } from './backtest.ts'
import type { BenchOptions } from './bench-options.ts'
import { benchDetect } from './detect.ts'
import { benchIngest } from './ingest.ts'
import { readMachine } from './machine.ts'
import { benchOutage } from './outage.ts'
import { benchSoak } from './soak.ts'

// `npm run bench -- NAME [options]`: one JSON object per line, with every figure and the machine.

interface Benchmark {
  readonly run: (options: BenchOptions) => Promise<void>
  readonly seconds: number
  /** What it offers per second when nothing else is said; without it, as fast as answered. */
  readonly spansPerS?: number
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  ingest: { run: benchIngest, seconds: 60 },
  detect: { run: benchDetect, seconds: 60 },
  soak: { run: benchSoak, seconds: 600, spansPerS: 50_000 },
  // Of 60 s, 4.6 million spans; fewer in proportion.
  backtest: { run: benchBacktest, seconds: 60 },
  outage: { run: benchOutage, seconds: 600, spansPerS: 20_000 },
}

const given = readArgs()
const { values, positionals } = given
const bench = BENCHMARKS[positionals[0] ?? '']
const seconds = Number(values.seconds ?? bench?.seconds)
const spansPerS = values.rate === undefined ? bench?.spansPerS : Number(values.rate)
const connections = values.connections === undefined ? undefined : Number(values.connections)
const runCount = Number(values.runs)
const numbers = [seconds, runCount, spansPerS ?? 1, connections ?? 1]

if (
  given.fault !== undefined ||
  !bench ||
  positionals.length !== 1 ||
  !numbers.every((number) => number > 0)
) {
  const names = Object.keys(BENCHMARKS).join(' | ')
  if (given.fault !== undefined) process.stderr.write(`${given.fault}\n`)
  process.stderr.write(
    `usage: npm run bench -- ${names} [--seconds N] [--rate SPANS_PER_S] [--connections N] ` +
      '[--runs N] [--only VARIANT,…] [--table]\n',
  )
  process.exitCode = 2
} else {
  const machine = readMachine()
  // Exit hooks end what was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  await bench.run({
    ...{ seconds, runCount, isTable: values.table },
    ...(spansPerS !== undefined && { spansPerS }),
    ...(connections !== undefined && { connections }),
    ...(values.only !== undefined && { only: values.only.split(',') }),
    progress: (text) => void process.stderr.write(`${text}\n`),
    emit: (figures) =>
      void process.stdout.write(
        `${JSON.stringify({ bench: positionals[0], ...figures, machine })}\n`,
      ),
  })
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      rate: { type: 'string' },
      connections: { type: 'string' },
      runs: { type: 'string', default: '1' },
      only: { type: 'string' },
      table: { type: 'boolean', default: false },
    },
  })
}

/** What cannot be read of the command line is said, beside how it is used. */
function readArgs(): ReturnType<typeof parse> & { readonly fault?: string } {
  try {
    return parse(process.argv.slice(2))
  } catch (error) {
    return { ...parse([]), fault: String((error as Error).message) }
  }
}
