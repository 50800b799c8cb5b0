import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

// The whole demo, as a newcomer runs it: about three minutes. It needs two processors to itself; on
// a busier machine a router may count as silent, and Signalbox then rightly waits.

const dir = mkdtempSync(join(tmpdir(), 'signalbox-demo-'))
let output = ''
let code: number | null = null

beforeAll(async () => {
  const demo = fork(resolve('dist/main.js'), ['demo'], { cwd: dir, silent: true })
  demo.stdout?.on('data', (text) => {
    output += String(text)
  })
  demo.stderr?.on('data', (text) => {
    output += String(text)
  })
  code = await new Promise((settle) => demo.once('exit', settle))
}, 280_000)

afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('the January incident ends in a report that agrees with the ledger in every figure', () => {
  const rows = output.split('\n').filter((line) => / (?:ok|FAIL)$/.test(line))
  expect(rows.length).toBe(19)
  expect(rows.filter((row) => row.endsWith('FAIL') && !row.includes('decided'))).toEqual([])
})

// The demo itself holds the decision to 1 s of the arithmetic moment, and says FAIL above. A test
// machine that is shared with others gets 3 s, so that only our own slowness fails here.
test('traffic moves when the arithmetic of the rule says so', () => {
  const [, lateS = ''] =
    /decided, against arithmetic.* (-?[\d.]+) s {2}(?:ok|FAIL)/.exec(output) ?? []
  expect(Math.abs(Number(lateS))).toBeLessThan(3)
  expect(code).toBe(output.includes('FAIL') ? 1 : 0)
})

test('the post-mortem lies where it says', () => {
  const paths = output.match(/\S+\/report\.(?:html|md|json)/g) ?? []
  expect(paths).toHaveLength(3)
  for (const path of paths) expect(existsSync(path)).toBe(true)
})
