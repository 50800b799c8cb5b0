import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, folder, journals, openLog, unavailable, useLogFolder } from './log-fixture.ts'

useLogFolder()

// What a crash or a power loss may leave of a segment, and what is read from it.

/** Thousands of files that are flushed to a disk which others may use. */
const BUSY = { timeout: 60_000 }

const FILES = ['.log', '.a.native', '.b.native'] as const
const keyOf = (n: number) => String.fromCharCode(n, 0, 255, 10).repeat(4)
const takenOf = (n: number) => ({
  ...{ onceKey: keyOf(n), receivedUnixMs: Date.now(), itemCount: 2, rejectedCount: 0 },
})
const fileOf = (suffix: string) => join(folder.dir, files(suffix)[0] ?? 'none')
const sizes = () => FILES.map((suffix) => statSync(fileOf(suffix)).size)

/** A segment of `groupCount` groups, one row for each of two tables in each, and never loaded. */
async function leaveSegment(groupCount: number): Promise<number[][]> {
  const { log, append, sink } = openLog()
  sink.failing = unavailable
  await log.start()
  const after: number[][] = []
  for (let n = 1; n <= groupCount; n++) {
    await append(`a:${n} b:${n}`, takenOf(n))
    after.push(sizes())
  }
  return after
}

async function recover() {
  const { log, sink, count } = openLog()
  await log.start()
  const remembered = log.takeOver().map(({ onceKey }) => onceKey.charCodeAt(0))
  await log.flush()
  await log.stop()
  const left = readdirSync(folder.dir).filter((name) => /\.(log|native)$/.test(name))
  const torn = await count('signalbox_store_log_torn_total')
  const tornBytes = await count('signalbox_store_log_torn_bytes_total')
  return { rows: sink.rows, remembered, left, torn, tornBytes }
}

/** Runs once per case, each on a fresh copy of what is in the folder now. */
async function onCopies<T>(cases: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const template = folder.dir
  for (const one of cases) {
    folder.dir = mkdtempSync(join(tmpdir(), 'signalbox-copy-'))
    cpSync(template, folder.dir, { recursive: true })
    await run(one)
    rmSync(folder.dir, { recursive: true })
  }
  folder.dir = template
}

const rowsUpTo = (n: number) =>
  ['a', 'b'].flatMap((table) => Array.from({ length: n }, (_, index) => `${table}:${index + 1}`))
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

test('a segment that was not torn comes back whole', async () => {
  await leaveSegment(3)
  expect(await recover()).toEqual({
    ...{ rows: rowsUpTo(3), remembered: [1, 2, 3], left: [], torn: 0, tornBytes: 0 },
  })
})

test(
  'torn at any byte of its last group, in any file, it comes back without that group',
  BUSY,
  async () => {
    const [, before = [], whole = []] = await leaveSegment(3)
    const cases = FILES.flatMap((suffix, index) =>
      Array.from({ length: whole[index]! - before[index]! }, (_, n) => ({
        suffix,
        size: before[index]! + n,
        tornBytes: whole.reduce((sum, size, at) => sum + size - before[at]!, 0),
      })),
    )
    expect(cases.length).toBeGreaterThan(150)
    await onCopies(cases, async ({ suffix, size, tornBytes }) => {
      const cut = statSync(fileOf(suffix)).size - size
      truncateSync(fileOf(suffix), size)
      expect({ suffix, size, ...(await recover()) }).toEqual({
        ...{ suffix, size, rows: rowsUpTo(2), remembered: [1, 2], left: [] },
        ...{ torn: 1, tornBytes: tornBytes - cut },
      })
    })
  },
)

test('of a group of which only some files reached the disk, nothing counts', async () => {
  const [before = [], whole = []] = await leaveSegment(2)
  await onCopies(upTo(7), async (mask) => {
    const lost = FILES.filter((_, index) => (mask & (1 << index)) !== 0)
    for (const suffix of lost) truncateSync(fileOf(suffix), before[FILES.indexOf(suffix)]!)
    const { rows, remembered, torn } = await recover()
    const isAll = lost.length === FILES.length
    expect([mask, rows, remembered, torn]).toEqual([mask, rowsUpTo(1), [1], isAll ? 0 : 1])
  })
  await onCopies(upTo(7), async (mask) => {
    // Blocks of zeros, as a file system leaves them that had the length and not the bytes.
    for (const [index, suffix] of FILES.entries()) {
      if ((mask & (1 << index)) === 0) continue
      truncateSync(fileOf(suffix), before[index]!)
      appendFileSync(fileOf(suffix), Buffer.alloc(whole[index]! - before[index]!))
    }
    const { rows, remembered, torn } = await recover()
    expect([mask, rows, remembered, torn]).toEqual([mask, rowsUpTo(1), [1], 1])
  })
})

test('of a first group of which not every file is in the directory, nothing counts or stays', async () => {
  await leaveSegment(1)
  await onCopies(upTo(7), async (mask) => {
    for (const [index, suffix] of FILES.entries())
      if ((mask & (1 << index)) !== 0) rmSync(fileOf(suffix))
    const { rows, remembered, left } = await recover()
    expect([mask, rows, remembered, left]).toEqual([mask, [], [], []])
  })
})

test('a flipped bit anywhere ends its segment there, and no other', BUSY, async () => {
  const [first = [], second = []] = await leaveSegment(3)
  const cases = FILES.flatMap((suffix, index) =>
    Array.from({ length: second[index]! - first[index]! }, (_, n) => ({
      suffix,
      at: first[index]! + n,
    })),
  )
  await onCopies(cases, async ({ suffix, at }) => {
    const bytes = readFileSync(fileOf(suffix))
    bytes[at]! ^= 1 << (at % 8)
    writeFileSync(fileOf(suffix), bytes)
    const { log, append, sink, count } = openLog()
    await log.start()
    await append('a:new')
    await log.flush()
    expect({ suffix, at, rows: sink.rows }).toEqual({ suffix, at, rows: ['a:1', 'b:1', 'a:new'] })
    expect(await count('signalbox_store_log_torn_total')).toBe(1)
    await log.stop()
  })
})

test('a tail of any length behind a whole segment is cut off and costs nothing else', async () => {
  await leaveSegment(2)
  const tails = [Buffer.from('S'), Buffer.from('SBX2'), Buffer.alloc(64), Buffer.alloc(9_999, 7)]
  const cases = FILES.flatMap((suffix) => tails.map((tail) => ({ suffix, tail })))
  await onCopies(cases, async ({ suffix, tail }) => {
    appendFileSync(fileOf(suffix), tail)
    expect(await recover()).toEqual({
      ...{ rows: rowsUpTo(2), remembered: [1, 2], left: [], torn: 1, tornBytes: tail.length },
    })
  })
})

test('a segment whose journal went first is loaded already: its table files are removed', async () => {
  await leaveSegment(2)
  rmSync(fileOf('.log'))
  expect(await recover()).toEqual({
    ...{ rows: [], remembered: [], left: [], torn: 0, tornBytes: 0 },
  })
})

test('a segment of an older age is loaded, and its requests are not remembered', async () => {
  await leaveSegment(1)
  const { log, sink, clock } = openLog()
  clock.turn(601_000)
  await log.start()
  expect(log.takeOver()).toEqual([])
  await log.flush()
  expect(sink.rows).toEqual(['a:1', 'b:1'])
  expect(journals()).toEqual([])
  await log.stop()
})
