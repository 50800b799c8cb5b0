import { parseArgs } from 'node:util'
import type { BenchOptions } from './bench-options.ts'
import { benchIngest } from './ingest.ts'
import { readMachine } from './machine.ts'

// `npm run bench -- NAME [--seconds N]`: one JSON object per line, with every figure and the machine.

const BENCHMARKS: Readonly<
  Record<string, (options: BenchOptions) => Promise<Readonly<Record<string, unknown>>>>
> = { ingest: benchIngest }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    connections: { type: 'string', default: '4' },
  },
})
const bench = BENCHMARKS[positionals[0] ?? '']
const seconds = Number(values.seconds)
const connections = Number(values.connections)

if (!bench || !(seconds > 0) || !(connections > 0)) {
  const names = Object.keys(BENCHMARKS).join(' | ')
  process.stderr.write(`usage: npm run bench -- ${names} [--seconds N] [--connections N]\n`)
  process.exitCode = 2
} else {
  const progress = (text: string) => void process.stderr.write(`${text}\n`)
  const figures = await bench({ seconds, connections, progress })
  const line = { bench: positionals[0], ...figures, machine: readMachine() }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
