import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Engine, EngineResult } from '../../src/store/clickhouse-engine.ts'
import { createClickHouseHttp } from '../../src/store/clickhouse-http.ts'

const RESULT: EngineResult = {
  bytes: Buffer.from('done\n'),
  format: 'TabSeparated',
  rowsRead: 0,
  bytesRead: 0,
  rowsWritten: 0,
  bytesWritten: 0,
}

async function serve(run: Engine['run']) {
  const server = createClickHouseHttp({
    engine: { run, close: async () => {} },
    user: 'me',
    password: 'secret',
    activeMax: 1,
    waitingMax: 1,
    bodyBytesMax: 1_000,
  })
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?user=me&password=secret`
  const post = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers })
    return { status: response.status, text: await response.text() }
  }
  return { post, stop: () => new Promise((go) => server.close(go)) }
}

test('one runs, one waits, and the next is told that there are too many', async () => {
  const finish: (() => void)[] = []
  const { post, stop } = await serve(async () => {
    await new Promise<void>((go) => finish.push(go))
    return RESULT
  })
  const first = post('a')
  await expect.poll(() => finish.length).toBe(1)
  const others = [post('b'), post('c')]
  const refused = await Promise.race(others)
  expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('Code: 202.') })
  finish[0]?.()
  await expect.poll(() => finish.length).toBe(2)
  finish[1]?.()
  const outcomes = await Promise.all([first, ...others])
  expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 200, 503])
  await stop()
})

test('a body is measured inflated, and refused when it is too large', async () => {
  const { post, stop } = await serve(async ({ body }) => ({ ...RESULT, bytes: body }))
  expect((await post('x'.repeat(1_000))).status).toBe(200)
  expect((await post('x'.repeat(1_001))).status).toBe(413)
  const bomb = await post(gzipSync('x'.repeat(1_001)), { 'content-encoding': 'gzip' })
  expect(bomb).toMatchObject({ status: 413, text: expect.stringContaining('TOO_MANY_BYTES') })
  expect((await post('still here')).text).toBe('still here')
  await stop()
})

test('a fault that is no answer of the engine is a 500 with a text, and the next request works', async () => {
  let isFirst = true
  const { post, stop } = await serve(async () => {
    if (!isFirst) return RESULT
    isFirst = false
    throw new Error('out of luck')
  })
  expect(await post('a')).toMatchObject({
    status: 500,
    text: 'Code: 1001. DB::Exception: out of luck. (STD_EXCEPTION)\n',
  })
  expect((await post('b')).text).toBe('done\n')
  await stop()
})
