import { rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRuleMemory } from '../../src/store/rule-memory.ts'
import { fill, mountSmallDisk } from './small-disk.ts'

// No room left for the state of rules: what was saved before stays whole, and is what a restart finds.

const state = (letter: string, bytes: number) => [Buffer.alloc(bytes, letter)]
const textOf = (memory: ReturnType<typeof createRuleMemory>) =>
  Buffer.from(memory.load() ?? []).toString()

test.for([
  { room: 'none at all', freeBytes: 0 },
  // The system writes what fits, and says how much that was rather than that it failed.
  { room: 'room for a part of it', freeBytes: 64 * 1_024 },
])('a full disk with $room leaves the state that was there', async ({ freeBytes }) => {
  const disk = mountSmallDisk(1)
  const memory = createRuleMemory({ dataDir: disk })
  await memory.save(state('a', 10_000))
  const filler = join(disk, 'filler')
  const spare = join(disk, 'spare')
  fill(spare, freeBytes)
  fill(filler)
  rmSync(spare)

  await expect(memory.save(state('b', 256 * 1_024))).rejects.toThrow(/ENOSPC/)
  expect(textOf(memory)).toBe('a'.repeat(10_000))
  // Nothing half-written takes the last room from others.
  expect(await readdir(disk)).toEqual(['filler', 'rules.state'])

  rmSync(filler)
  await memory.save(state('c', 256 * 1_024))
  expect(textOf(memory)).toBe('c'.repeat(256 * 1_024))
})
