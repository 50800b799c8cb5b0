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

/** What a process has used since it started, and holds now. Memory is what is resident. */
export interface ProcessUsage {
  readonly cpuS: number
  readonly peakBytes: number
  readonly nowBytes: number
}

/** From `/proc`, so on Linux only; zeros elsewhere, and for a process that is gone. */
export function readUsage(pid: number): ProcessUsage {
  try {
    // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytesOf = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1_024
    return {
      cpuS: ticks / ticksPerS(),
      peakBytes: bytesOf('VmHWM'),
      nowBytes: bytesOf('VmRSS'),
    }
  } catch {
    return { cpuS: 0, peakBytes: 0, nowBytes: 0 }
  }
}

/** What a thread did while it could: it ran, or waited for a core that others had. */
export interface ThreadUsage {
  readonly ranS: number
  readonly waitedS: number
}

/** Of the main thread of `pid`; Linux only. */
export function readMainThread(pid: number): ThreadUsage {
  try {
    const [ranNs, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
    return { ranS: Number(ranNs) / 1e9, waitedS: Number(waitedNs) / 1e9 }
  } catch {
    return { ranS: 0, waitedS: 0 }
  }
}

/** The processes that the main thread of `pid` has started, oldest first; Linux only. */
export function readChildPids(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

/** Its program and arguments, separated by NUL; '' for a process that is gone, and off Linux. */
export function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

let knownTicksPerS: number | undefined

function ticksPerS(): number {
  knownTicksPerS ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return knownTicksPerS
}
