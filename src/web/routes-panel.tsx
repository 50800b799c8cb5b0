import { useState } from 'preact/hooks'
import type { OutcomeBin } from '../model/incident.ts'
import type { RouteTarget, RouteView } from '../model/route.ts'
import { api } from './api.ts'
import { formatAge, formatPercent } from './format.ts'
import { OutcomesChart } from './outcomes-chart.tsx'

interface RoutesPanelProps {
  readonly routes: readonly RouteView[]
  readonly outcomes: Readonly<Record<string, readonly OutcomeBin[]>>
  readonly nowMs: number
}

const TONES: Record<string, string> = {
  primary: 'good',
  suspect: 'warn',
  blocked: 'bad',
  latched: 'bad',
}

export function RoutesPanel({ routes, outcomes, nowMs }: RoutesPanelProps) {
  return (
    <section aria-label="Routes">
      <h2>Routes</h2>
      {routes.length === 0 && (
        <p class="empty">
          No routes yet: name them in <code>alerts/failover.yaml</code>.
        </p>
      )}
      {routes.map((view) => (
        <article key={view.route} class="card route" data-testid={`route-${view.route}`}>
          <RouteHead view={view} nowMs={nowMs} />
          <OutcomesChart
            bins={outcomes[view.route] ?? []}
            title={`Requests per second on ${view.route}`}
          />
          <Targets targets={view.targets} />
          <RouteFoot view={view} nowMs={nowMs} />
        </article>
      ))}
    </section>
  )
}

function RouteHead({ view, nowMs }: { view: RouteView; nowMs: number }) {
  return (
    <div class="route-head">
      <h3>{view.route}</h3>
      <span class={`pill ${TONES[view.state] ?? 'moved'}`} data-testid="route-state">
        {view.state}
      </span>
      <span class="muted">for {formatAge(nowMs - Date.parse(view.since))}</span>
      <span class="muted">
        generation {view.epoch}.{view.generation}
      </span>
      <span class="tag">mode {view.mode}</span>
      {view.inhibitors.map((one) => (
        <span key={one.kind} class="tag warn" title={`${one.reason} (${one.actor})`}>
          {one.kind}
        </span>
      ))}
      <HoldButton view={view} />
    </div>
  )
}

function Targets({ targets }: { targets: readonly RouteTarget[] }) {
  return (
    <table class="targets">
      <thead>
        <tr>
          <th>target</th>
          <th>role</th>
          <th>weight</th>
          <th>requests/s</th>
          <th>failing</th>
          <th>ready</th>
        </tr>
      </thead>
      <tbody>
        {targets.map((one) => (
          <tr key={one.target}>
            <td>{one.target}</td>
            <td>{one.role}</td>
            <td>
              <span class="bar" style={{ '--share': one.weight }} /> {formatPercent(one.weight)}
            </td>
            <td>{one.requests_per_s.toFixed(one.requests_per_s < 10 ? 1 : 0)}</td>
            <td class={(one.failed_ratio ?? 0) > 0.1 ? 'bad-text' : ''}>
              {formatPercent(one.failed_ratio)}
            </td>
            <td>{one.ready === null ? 'unproven' : one.ready ? 'yes' : 'no'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function RouteFoot({ view, nowMs }: { view: RouteView; nowMs: number }) {
  const accountable = view.routers.filter((one) => one.accountable)
  const observed = accountable.filter(
    (one) => one.observed?.epoch === view.epoch && one.observed.generation === view.generation,
  )
  const witnesses = [
    ['answered', view.proof.answered_at],
    ['observed', view.proof.observed_at],
    ['verified', view.proof.verified_at],
  ] as const
  return (
    <p class="muted proof">
      {accountable.length > 0
        ? `${observed.length} of ${accountable.length} routers have applied this generation. `
        : 'No router reports yet. '}
      {witnesses.map(([name, at]) => (
        <span key={name} class={at ? 'witness yes' : 'witness'}>
          {at ? '✓' : '·'} {name}
        </span>
      ))}
      {view.reason.rule && (
        <span>
          {' '}
          Last move: {view.reason.rule} by {view.reason.actor}.
        </span>
      )}{' '}
      <a href={`api/v1/routes/${encodeURIComponent(view.route)}/explain`}>explain</a>
      <span class="visually-hidden">as of {formatAge(nowMs - Date.parse(view.since))}</span>
    </p>
  )
}

function HoldButton({ view }: { view: RouteView }) {
  const [fault, setFault] = useState('')
  const isHeld = view.inhibitors.some((one) => one.kind === 'hold')
  const act = () => {
    const action = isHeld
      ? { action: 'release', reason: 'released from the console' }
      : { action: 'hold', reason: 'held from the console', ttl_s: 1_800 }
    api.act(view, action).then(
      () => setFault(''),
      (reason: unknown) => setFault(String(reason)),
    )
  }
  return (
    <button
      type="button"
      class="quiet"
      onClick={act}
      title={fault || 'automation leaves a held route alone'}
    >
      {fault ? 'refused: try again' : isHeld ? 'Release' : 'Hold 30 min'}
    </button>
  )
}
