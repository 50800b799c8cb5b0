import type { StateDocument } from '../model/desired.ts'
import type { Incident, OutcomeBin } from '../model/incident.ts'
import type { RouteView } from '../model/route.ts'
import type { RuleDetail } from '../model/rule-detail.ts'
import type { RuleView } from '../model/verdict.ts'

// The console talks to the API like anyone else: everything shown here, a script can fetch.

export interface Readiness {
  readonly status: string
  readonly reasons: readonly string[]
  readonly degraded: readonly { readonly part: string; readonly reason: string }[]
}

interface List<T> {
  readonly items: readonly T[]
}

const TOKEN_KEY = 'signalbox-token'
const DEADLINE_MS = 8_000

export class Unauthenticated extends Error {}

export const token = {
  get: () => sessionStorage.getItem(TOKEN_KEY) ?? '',
  set: (value: string) => sessionStorage.setItem(TOKEN_KEY, value),
}

export const api = {
  routes: () => get<List<RouteView>>('api/v1/routes'),
  rules: () => get<List<RuleView>>('api/v1/rules?limit=1000'),
  rule: (id: string) => get<RuleDetail>(`api/v1/rules/${encodeURIComponent(id)}`),
  incidents: () => get<List<Incident>>('api/v1/incidents?limit=50'),
  outcomes: (route: string) =>
    get<List<OutcomeBin>>(`api/v1/routes/${encodeURIComponent(route)}/outcomes`),
  readiness: () => get<Readiness>('readyz', [503]),
  acknowledge: (id: string) => post(`api/v1/incidents/${id}/ack`, {}),
  act: (view: RouteView, action: Record<string, unknown>) =>
    post(`api/v1/routes/${encodeURIComponent(view.route)}/actions`, action, {
      'if-match': `"${view.epoch}.${view.generation}"`,
    }),
}

/** Calls `onState` at each new state; the browser reconnects by itself. */
export function followState(onState: (state: Pick<StateDocument, 'version'>) => void): () => void {
  // EventSource cannot send a token; polling alone serves then.
  if (token.get() !== '') return () => {}
  const source = new EventSource('api/v1/state/stream')
  const listener = (event: MessageEvent<string>) => onState(JSON.parse(event.data) as StateDocument)
  source.addEventListener('snapshot', listener)
  source.addEventListener('state', listener)
  return () => source.close()
}

async function get<T>(path: string, accepted: readonly number[] = []): Promise<T> {
  const response = await fetch(path, {
    headers: authorization(),
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
  return read<T>(response, accepted)
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { ...authorization(), ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
  return read(response, [])
}

async function read<T>(response: Response, accepted: readonly number[]): Promise<T> {
  if (response.status === 401) throw new Unauthenticated('a token is needed')
  const body = (await response.json()) as T & { detail?: string }
  if (response.ok || accepted.includes(response.status)) return body
  throw new Error(body.detail ?? `HTTP ${response.status}`)
}

function authorization(): Record<string, string> {
  return token.get() === '' ? {} : { authorization: `Bearer ${token.get()}` }
}
