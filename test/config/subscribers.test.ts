import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSubscribers } from '../../src/config/subscribers.ts'
import { AppError } from '../../src/lib/errors.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const OTHER = `whsec_${Buffer.alloc(24, 2).toString('base64')}`

function load(text: string, env: Record<string, string> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-subscribers-')), 'subscribers.yaml')
  writeFileSync(file, `schema: signalbox.subscribers/v1\nsubscribers:\n${text}`)
  return loadSubscribers({ file, env })
}

test('a subscriber takes its secret from the environment', () => {
  const text = `  - { router: router-1, url: "http://10.0.0.7:9000/hook", secret: { env: S }, routes: ["*"], resolve: one }\n`
  expect(load(text, { S: SECRET })).toEqual({
    subscribers: [
      {
        router: 'router-1',
        url: 'http://10.0.0.7:9000/hook',
        secrets: [SECRET],
        routes: ['*'],
        events: ['failover.state.v1'],
      },
    ],
    warnings: [],
  })
})

test('two secrets stand for a rotation', () => {
  const text = `  - { router: a, url: "http://a/", secret: [{ env: NEW }, { env: OLD }] }\n`
  const { subscribers } = load(text, { NEW: OTHER, OLD: SECRET })
  expect(subscribers[0]?.secrets).toEqual([OTHER, SECRET])
})

test('a secret that is missing or weak leaves out its router alone, with a warning', () => {
  const text = `
  - { router: a, url: "http://a/", secret: { env: UNSET } }
  - { router: b, url: "http://b/", secret: { env: WEAK } }
  - { router: c, url: "http://c/", secret: { env: GOOD } }
`
  const weak = `whsec_${Buffer.alloc(8, 3).toString('base64')}`
  const { subscribers, warnings } = load(text, { WEAK: weak, GOOD: SECRET })
  expect(subscribers.map(({ router }) => router)).toEqual(['c'])
  expect(warnings[0]).toContain('UNSET')
  expect(warnings[1]).toContain('WEAK')
  expect(warnings.join()).not.toContain(weak)
})

test('an absent file means no subscribers', () => {
  expect(loadSubscribers({ file: '/nowhere/subscribers.yaml', env: {} }).subscribers).toEqual([])
})

test.for([
  { text: '  - { router: a, url: "ftp://a/", secret: x }\n', key: 'subscribers[0].url' },
  { text: '  - { router: a, url: "http://a/", sekret: x }\n', key: 'subscribers[0].sekret' },
  {
    text: '  - { router: a, url: "http://a/", secret: x, resolve: each }\n',
    key: 'subscribers[0].resolve',
  },
])('a fault is named by its key $key', ({ text, key }) => {
  let fault: unknown
  try {
    load(text)
  } catch (thrown) {
    fault = thrown
  }
  expect(fault).toBeInstanceOf(AppError)
  expect((fault as AppError).places.map((place) => place.key)).toContain(key)
})
