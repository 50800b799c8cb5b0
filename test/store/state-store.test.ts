import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStateStore } from '../../src/store/state-store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-state-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = () => createStateStore({ file: join(dir, 'state.db') })

/** A process of its own that opens the store of `dir` and then runs `body`. */
const SCRIPT = (body: string) => `
  const { createStateStore } = await import('${process.cwd()}/dist/store/state-store.js')
  try {
    const store = createStateStore({ file: '${join(dir, 'state.db')}' })
    ${body}
  } catch (fault) { console.log(fault.code + ': ' + fault.message) }`
const run = (body: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT(body)], { encoding: 'utf8' })

test('a folder that cannot be one is named, with what to do', () => {
  const file = join(dir, 'file')
  writeFileSync(file, '')
  const openThere = () => createStateStore({ file: join(file, 'state.db') })
  expect(openThere).toThrow(`cannot keep data in ${file}`)
  expect(openThere).toThrow('SIGNALBOX_DATA_DIR')
})

test('a document comes back with its revision, which grows with each write', () => {
  const store = open()
  expect(store.get('route/preview')).toBeUndefined()
  store.commit([{ key: 'route/preview', value: { state: 'primary' }, expect: 0 }])
  store.commit([{ key: 'route/preview', value: { state: 'suspect' } }])
  expect(store.get('route/preview')).toEqual({ value: { state: 'suspect' }, revision: 2 })
  store.close()
})

test.for([
  { expectation: 0, isApplied: false, why: 'it must not exist, but does' },
  { expectation: 1, isApplied: true, why: 'it is the revision' },
  { expectation: 2, isApplied: false, why: 'it is another revision' },
  { expectation: undefined, isApplied: true, why: 'nothing is expected' },
])('a commit that expects $expectation gives $isApplied: $why', ({ expectation, isApplied }) => {
  const store = open()
  store.commit([{ key: 'a/1', value: 'before' }])
  const change = { key: 'a/1', value: 'after' }
  expect(
    store.commit([expectation === undefined ? change : { ...change, expect: expectation }]),
  ).toBe(isApplied)
  expect(store.get('a/1')?.value).toBe(isApplied ? 'after' : 'before')
  store.close()
})

test('one failed expectation takes back the whole transaction', () => {
  const store = open()
  const isApplied = store.commit([
    { key: 'a/1', value: 1 },
    { key: 'a/2', value: 2, expect: 7 },
  ])
  expect(isApplied).toBe(false)
  expect(store.list('')).toEqual([])
  store.close()
})

test('a value that is no JSON throws and leaves nothing behind', () => {
  const store = open()
  expect(() =>
    store.commit([
      { key: 'a/1', value: 1 },
      { key: 'a/2', value: 1n },
    ]),
  ).toThrow()
  expect(store.list('')).toEqual([])
  expect(store.commit([{ key: 'a/3', value: 3 }])).toBe(true)
  store.close()
})

test('a list holds the keys of its prefix, sorted, without deleted ones', () => {
  const store = open()
  const write = (key: string, value: unknown) => store.commit([{ key, value }])
  for (const key of ['route/b', 'route/ä', 'route/a', 'router/x', 'rout']) write(key, key)
  write('route/b', undefined)
  expect(store.list('route/').map(({ key }) => key)).toEqual(['route/a', 'route/ä'])
  store.close()
})

test('a second open is refused at once, here and in another process, and says what to do', () => {
  const store = open()
  const words = /another Signalbox is already running on .*SIGNALBOX_DATA_DIR/
  expect(open).toThrow(expect.objectContaining({ code: 'DATA_DIR_LOCKED' }))
  expect(run('').stdout).toMatch(words)
  store.commit([{ key: 'still/mine', value: 1 }])
  store.close()
  expect(run("console.log(store.get('still/mine').revision)").stdout.trim()).toBe('1')
})

test('every commit that returned survives kill -9, and the lock dies with the process', async () => {
  const child: ChildProcess = fork('-', [], {
    execPath: process.execPath,
    execArgv: [
      '--input-type=module',
      '-e',
      SCRIPT(
        'for (let n = 1; ; n++) { store.commit([{ key: "n/last", value: n }]); process.send(n); await new Promise((go) => setImmediate(go)) }',
      ),
    ],
  })
  let told = 0
  child.on('message', (n) => {
    told = Number(n)
    if (told === 100) child.kill('SIGKILL')
  })
  await once(child, 'exit')
  const store = open()
  expect(store.get<number>('n/last')?.value).toBeGreaterThanOrEqual(told)
  expect(told).toBeGreaterThanOrEqual(100)
  store.close()
})
