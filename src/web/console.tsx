import { token } from './api.ts'
import { formatClock } from './format.ts'
import { IncidentsPanel } from './incidents-panel.tsx'
import { type Live, type LiveState, useLive } from './live.ts'
import { RoutesPanel } from './routes-panel.tsx'
import { RulesPanel } from './rules-panel.tsx'

export function Console() {
  const state = useLive()
  if (state.status === 'token') return <TokenForm />
  const live = state.status === 'loading' ? undefined : state.live
  return (
    <>
      <Header state={state} live={live} />
      <main>{live ? <Page live={live} /> : <p class="empty">Waiting for the server…</p>}</main>
      <footer>
        <a href="api/v1/openapi.json">API</a> · <a href="metrics">metrics</a> ·{' '}
        <a href="readyz">readiness</a> · all times UTC
      </footer>
    </>
  )
}

function Page({ live }: { live: Live }) {
  return (
    <>
      {live.readiness.status !== 'ready' && (
        <div class="notice" role="status">
          {[
            ...live.readiness.reasons,
            ...live.readiness.degraded.map((one) => `${one.part}: ${one.reason}`),
          ].join(' · ')}
        </div>
      )}
      <IncidentsPanel incidents={live.incidents} nowMs={live.fetchedAt} />
      <RoutesPanel routes={live.routes} outcomes={live.outcomes} nowMs={live.fetchedAt} />
      <RulesPanel rules={live.rules} nowMs={live.fetchedAt} />
    </>
  )
}

function Header({ state, live }: { state: LiveState; live: Live | undefined }) {
  const openCount = live?.incidents.filter((one) => one.state !== 'resolved').length ?? 0
  const summary =
    state.status === 'stale'
      ? { tone: 'bad', text: `Not connected: ${state.reason}` }
      : openCount > 0
        ? {
            tone: 'warn',
            text: openCount === 1 ? '1 open incident' : `${openCount} open incidents`,
          }
        : { tone: 'good', text: live ? 'All quiet' : 'Connecting' }
  return (
    <header>
      <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
        <rect x="7" y="1" width="10" height="22" rx="5" class="lamp-box" />
        <circle cx="12" cy="7" r="3" class={summary.tone === 'good' ? 'lamp' : 'lamp red'} />
        <circle cx="12" cy="16" r="3" class={summary.tone === 'good' ? 'lamp green' : 'lamp'} />
      </svg>
      <h1>Signalbox</h1>
      <span class={`pill ${summary.tone}`} data-testid="summary" role="status">
        {summary.text}
      </span>
      <time>{live ? `${formatClock(live.fetchedAt)} UTC` : ''}</time>
    </header>
  )
}

function TokenForm() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    token.set(String(form.get('token')))
    location.reload()
  }
  return (
    <form class="token" onSubmit={submit}>
      <h1>Signalbox</h1>
      <label>
        Token with scope <code>read</code>
        <input name="token" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit">Open the console</button>
    </form>
  )
}
