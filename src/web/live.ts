import { useEffect, useState } from 'preact/hooks'
import type { Incident, OutcomeBin } from '../model/incident.ts'
import type { RouteView } from '../model/route.ts'
import type { RuleView } from '../model/verdict.ts'
import { api, followState, type Readiness, Unauthenticated } from './api.ts'

/** Everything on the page, as of `fetchedAt`. */
export interface Live {
  readonly routes: readonly RouteView[]
  readonly rules: readonly RuleView[]
  readonly incidents: readonly Incident[]
  readonly outcomes: Readonly<Record<string, readonly OutcomeBin[]>>
  readonly readiness: Readiness
  readonly fetchedAt: number
}

export type LiveState =
  | { readonly status: 'loading' }
  | { readonly status: 'live'; readonly live: Live }
  | { readonly status: 'stale'; readonly live?: Live; readonly reason: string }
  | { readonly status: 'token' }

const PERIOD_MS = 1_000

/** Fetches once a second, and at once when the event stream says that a route has changed. */
export function useLive(): LiveState {
  const [state, setState] = useState<LiveState>({ status: 'loading' })
  useEffect(() => {
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const refresh = async () => {
      clearTimeout(timer)
      const next = await fetchLive().then(
        (live): LiveState => ({ status: 'live', live }),
        (fault: unknown) => fault,
      )
      if (isOver) return
      setState((last) => (isLiveState(next) ? next : toStale(last, next)))
      clearTimeout(timer)
      timer = setTimeout(refresh, document.hidden ? PERIOD_MS * 5 : PERIOD_MS)
    }
    const stopFollowing = followState(() => void refresh())
    void refresh()
    return () => {
      isOver = true
      clearTimeout(timer)
      stopFollowing()
    }
  }, [])
  return state
}

function isLiveState(value: unknown): value is LiveState {
  return (value as LiveState | undefined)?.status === 'live'
}

function toStale(last: LiveState, fault: unknown): LiveState {
  if (fault instanceof Unauthenticated) return { status: 'token' }
  const reason = fault instanceof Error ? fault.message : String(fault)
  const live = last.status === 'live' || last.status === 'stale' ? last.live : undefined
  return { status: 'stale', reason, ...(live && { live }) }
}

async function fetchLive(): Promise<Live> {
  const [routes, rules, incidents, readiness] = await Promise.all([
    api.routes(),
    api.rules(),
    api.incidents(),
    api.readiness(),
  ])
  const outcomes = await Promise.all(
    routes.items.map(async ({ route }) => [route, (await api.outcomes(route)).items] as const),
  )
  return {
    routes: routes.items,
    rules: rules.items,
    incidents: incidents.items,
    outcomes: Object.fromEntries(outcomes),
    readiness,
    fetchedAt: Date.now(),
  }
}
