import { randomBytes } from 'node:crypto'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encode, traces } from '../decode/otlp-builder.ts'
import { type Served, serve } from '../scenario/served.ts'

// A real browser, a real server, telemetry as routers send it: what a responder sees and clicks.
const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Browser
let served: Served
let page: Page
const faults: string[] = []

beforeAll(async () => {
  served = await serve()
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  page = await browser.newPage({ viewport: { width: 1_200, height: 900 } })
  page.on('pageerror', (fault) => faults.push(String(fault)))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  await page.goto(`${served.addresses.http}/`)
})

afterAll(async () => {
  await browser?.close()
  await served?.end()
})

function requests(count: number, isFailing: boolean): Uint8Array {
  const resource = {
    'service.name': 'router',
    'service.instance.id': 'router-1',
    'signalbox.component': 'router',
  }
  const spans = Array.from({ length: count }, (_, index) => {
    const traceId = randomBytes(16).toString('hex')
    const shared = { traceId, startMs: Date.now() - 400 - (index % 50), durationMs: 100 }
    const failed = isFailing && { error: 'inference_failed_internal_server_error' }
    const route = { 'signalbox.route': 'preview' }
    const parent = randomBytes(8).toString('hex')
    return [
      { ...shared, spanId: parent, kind: 'server' as const, attributes: route, ...failed },
      {
        ...shared,
        spanId: randomBytes(8).toString('hex'),
        parentSpanId: parent,
        kind: 'client' as const,
        attributes: { ...route, 'signalbox.target': 'cloud-eu' },
        ...failed,
      },
    ]
  }).flat()
  return encode('traces', traces(resource, spans), 'protobuf')
}

async function send(count: number, isFailing: boolean): Promise<void> {
  const answer = await fetch(`${served.addresses.otlp_http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: requests(count, isFailing),
  })
  expect(answer.status).toBe(200)
}

test('it opens quiet, with the route of the shipped file', async () => {
  await page.getByTestId('summary').getByText('All quiet').waitFor()
  await page.getByTestId('route-preview').getByText('primary', { exact: true }).first().waitFor()
  expect(await page.title()).toBe('Signalbox')
})

test('an outage appears without a reload, with its incident and its rule', async () => {
  await send(100, false)
  await send(300, true)
  await page.getByTestId('summary').getByText('1 open incident').waitFor()
  await page.getByText('primary-failing', { exact: true }).waitFor()
  await page.getByText('firing').first().waitFor()
})

test('a rule explains itself when it is opened: what comes next, who sends, what changed', async () => {
  await page.getByRole('button', { name: 'primary-failing', exact: true }).click()
  await page.getByText(/^clears below 10 % over 20s/).waitFor()
  await page.getByText(/^router-1 \d+ %/).waitFor()
  const history = page.getByRole('list', { name: 'Changes and refusals' })
  expect(await history.getByText('firing').count()).toBeGreaterThan(0)
})

test('a person acknowledges, holds and releases from the page', async () => {
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('acknowledged by local', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Hold 30 min' }).click()
  await page.getByTestId('route-preview').getByText('hold', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Release' }).click()
  await page.getByRole('button', { name: 'Hold 30 min' }).waitFor()
})

test('the report opens from the incident', async () => {
  const [report] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('link', { name: 'Report' }).first().click(),
  ])
  await report.waitForLoadState()
  expect(await report.locator('h1').first().textContent()).not.toBe('')
  expect(await report.locator('svg').count()).toBeGreaterThan(0)
  await report.close()
})

test('all rules can be shown, and nothing overflows on a phone or in the dark', async () => {
  await page.getByRole('button', { name: /^All \d+ rules$/ }).click()
  await page.getByText('oom-storm', { exact: true }).waitFor()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: 390, height: 800 })
    const overflowPx = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(overflowPx).toBeLessThanOrEqual(0)
  }
})

test('the page says so when the server is gone', async () => {
  await served.end()
  await page.getByTestId('summary').getByText('Not connected').waitFor({ timeout: 20_000 })
  // Refused connections are logged by the browser itself, after the end only.
  expect(faults.filter((fault) => !/ERR_|Failed to fetch|NetworkError/.test(fault))).toEqual([])
})
