import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'

/** What a figure was measured on: without it no two figures can be compared. */
export function readMachine(): Readonly<Record<string, unknown>> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_bytes: totalmem(),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    at: new Date().toISOString(),
  }
}

/** What a process has used since it started. */
export interface ProcessUsage {
  readonly cpuS: number
  readonly peakBytes: number
}

/** From `/proc`, so on Linux only; zeros elsewhere, and for a process that is gone. */
export function readUsage(pid: number): ProcessUsage {
  try {
    // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return { cpuS: ticks / ticksPerS(), peakBytes: Number(peak?.[1] ?? 0) * 1_024 }
  } catch {
    return { cpuS: 0, peakBytes: 0 }
  }
}

let knownTicksPerS: number | undefined

function ticksPerS(): number {
  knownTicksPerS ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return knownTicksPerS
}

/** The q-quantile of unsorted values, 0 for none. */
export function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}
