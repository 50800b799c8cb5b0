import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { expect, test } from 'vitest'

// The import table of the architecture (README, "How it is built"): data flows one way, a stage
// never imports another stage, and app.ts joins them.
const SHARED = ['lib', 'model', 'config', 'telemetry']
const STAGES = 'receive decode detect decide deliver correlate page store'.split(' ')
const ALLOWED: Record<string, readonly string[]> = {
  lib: [],
  model: [],
  config: ['lib', 'model'],
  telemetry: ['lib', 'model', 'config'],
  ...Object.fromEntries(STAGES.map((folder) => [folder, SHARED])),
  report: [...SHARED, 'store'],
  // Joins three stages in a process of its own, as app.ts joins all of them.
  backtest: [...SHARED, 'store', 'decode', 'detect'],
  api: [...SHARED, 'store', 'report'],
  web: ['model'],
  router: ['lib', 'model'],
  fleet: [...SHARED, 'router'],
  cli: [...SHARED, 'app', 'api'],
  main: [...SHARED, 'app', 'cli'],
}
const FREE = ['app', 'bench']
const LINES_MAX = 250
const EXPORTS_MAX = 8

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
)
const read = (file: string) => readFileSync(join('src', file), 'utf8')
const folderOf = (path: string) => path.split('/')[0]?.replace(/\.tsx?$/, '') ?? ''
const importsOf = (file: string) =>
  [...read(file).matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')

test('the scan sees the tree', () => expect(files.length).toBeGreaterThan(5))

test.for(files)('%s is in a known folder, two levels deep, small, with few exports', (file) => {
  expect([...Object.keys(ALLOWED), ...FREE]).toContain(folderOf(file))
  expect(file.split('/').length).toBeLessThanOrEqual(2)
  expect(read(file).match(/^export /gm)?.length ?? 0).toBeLessThanOrEqual(EXPORTS_MAX)
  expect(read(file).split('\n').length - 1).toBeLessThanOrEqual(LINES_MAX)
})

test.for(files)('%s imports only what its folder may', (file) => {
  const own = folderOf(file)
  if (FREE.includes(own)) return
  const targets = importsOf(file).map((path) => folderOf(join(dirname(file), path)))
  const mayImport = (target: string) => target === own || ALLOWED[own]?.includes(target)
  expect(targets.filter((target) => !mayImport(target))).toEqual([])
})

test.for(files.filter((file) => file.startsWith('web/')))('%s takes only types', (file) => {
  expect(read(file)).not.toMatch(/^(?:import|export) (?!type )[^']*'\.\.\/model\//m)
})

test.for(files)('%s does not switch a check off', (file) => {
  expect(read(file)).not.toMatch(/@ts-(?:ignore|nocheck|expect-error)|biome-ignore/)
})

test('every import is written with its extension', () => {
  const bare = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => !/\.(?:tsx?|css|json)$/.test(path))
      .map((path) => `${file}: ${path}`),
  )
  expect(bare).toEqual([])
})

test('no catch-all folder or file', () => {
  const names = files.filter((file) =>
    /(?:^|\/)(?:utils?|helpers?|common|types|services|index)\b/.test(file),
  )
  expect(names).toEqual([])
})

// Files of the fast suite share their processes, where a module runs once: its hooks would be those of
// the first file that imports it, and of no other.
const shared = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
)

test.for(shared)('test/%s registers no hook when it is imported', (file) => {
  expect(readFileSync(join('test', file), 'utf8')).not.toMatch(/^(?:before|after)(?:Each|All)\(/m)
})
