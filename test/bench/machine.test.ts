import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { readChildPids, readCommand, readMainThread, readUsage } from '../../src/bench/machine.ts'

test('a process is known by its program while it runs, and by nothing when it is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'as-its-argument'])
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  expect(readCommand(pid)).toContain('as-its-argument')
  expect(readCommand(process.pid)).not.toContain('as-its-argument')
  expect(readChildPids(process.pid)).toContain(pid)
  expect(readUsage(pid).nowBytes).toBeGreaterThan(0)
  expect(readMainThread(pid).ranS).toBeGreaterThan(0)
  child.kill()
  await once(child, 'exit')
  expect(readCommand(pid)).toBe('')
  expect(readUsage(pid)).toEqual({ cpuS: 0, peakBytes: 0, nowBytes: 0 })
  expect(readMainThread(pid)).toEqual({ ranS: 0, waitedS: 0 })
})
