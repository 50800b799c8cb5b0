import type { Incident } from '../model/incident.ts'
import type { Report } from '../model/report.ts'
import type { RouteView } from '../model/route.ts'
import { ROUTE } from './fleet-plan.ts'

/** What the demo asks of Signalbox: the public API, as anybody would. */
export interface DemoApi {
  route(): Promise<RouteView>
  /** What stands in the way of the route's next step, as text. */
  blockers(): Promise<string>
  /** The newest incident of the route. */
  incident(): Promise<Incident | undefined>
  report(id: string, format: 'json' | 'md' | 'html'): Promise<string>
}

const DEADLINE_MS = 20_000

export function createDemoApi(base: string): DemoApi {
  const get = async (path: string) => {
    const answer = await fetch(`${base}/api/v1/${path}`, {
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return text
  }
  return {
    route: async () => JSON.parse(await get(`routes/${ROUTE}`)) as RouteView,
    async blockers() {
      const { blockers } = JSON.parse(await get(`routes/${ROUTE}/explain`)) as {
        blockers: unknown
      }
      return JSON.stringify(blockers)
    },
    async incident() {
      const { items } = JSON.parse(await get('incidents')) as { items: readonly Incident[] }
      return items.find((incident) => incident.route === ROUTE)
    },
    report: (id, format) => get(`incidents/${id}/report?format=${format}`),
  }
}

export function parseReport(text: string): Report {
  return JSON.parse(text) as Report
}
