import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Incident } from '../model/incident.ts'
import { readJson } from './http-json.ts'

/** The phone of the person on call: a webhook receiver that shows what it is told. */
export interface Pager {
  readonly url: string
  readonly pageCount: number
  stop(): Promise<void>
}

const BODY_BYTES_MAX = 1_048_576

interface Page {
  readonly type: string
  readonly data: Incident
}

export async function startPager(show: (text: string) => void): Promise<Pager> {
  let pageCount = 0
  const server = createServer(async (request, response) => {
    const page = await readJson<Page>(request, BODY_BYTES_MAX)
    response.writeHead(page ? 200 : 400).end()
    if (!page?.data) return
    pageCount += 1
    const { title, severity, mitigation, user_impact: impact } = page.data
    const failing = impact === null ? 'no traffic' : `${Math.round(impact * 100)} % failing now`
    show(`${page.type} · ${severity} · mitigation ${mitigation} · ${failing} · ${title}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`,
    get pageCount() {
      return pageCount
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
