import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRuleMemory } from '../../src/store/rule-memory.ts'

const newDir = () => mkdtempSync(join(tmpdir(), 'signalbox-rules-'))

test('what was saved last is loaded, for its owner only; at first there is nothing', async () => {
  const dataDir = newDir()
  const memory = createRuleMemory({ dataDir })
  expect(memory.load()).toBeUndefined()
  await memory.save([Buffer.from('one, '), Buffer.from('two')])
  await memory.save([Buffer.from('three')])
  expect(Buffer.from(memory.load() ?? []).toString()).toBe('three')
  expect(statSync(join(dataDir, 'rules.state')).mode & 0o777).toBe(0o600)
})

test('a write that was cut off, or that cannot be made, leaves what was there', async () => {
  const dataDir = newDir()
  const memory = createRuleMemory({ dataDir })
  await memory.save([Buffer.from('good')])
  // As a process killed in mid-write leaves it.
  writeFileSync(join(dataDir, 'rules.state.next'), 'hal')
  expect(Buffer.from(memory.load() ?? []).toString()).toBe('good')
  // Where there is no folder every write is refused.
  rmSync(join(dataDir, 'rules.state.next'))
  const lost = createRuleMemory({ dataDir: '/dev/full' })
  await expect(lost.save([Buffer.from('x')])).rejects.toThrow()
  expect(readFileSync(join(dataDir, 'rules.state'), 'utf8')).toBe('good')
})
