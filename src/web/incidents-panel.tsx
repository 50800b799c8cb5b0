import { useState } from 'preact/hooks'
import type { Incident } from '../model/incident.ts'
import { api } from './api.ts'
import { formatAge, formatClock, formatPercent } from './format.ts'

const RESOLVED_SHOWN = 5

export function IncidentsPanel({
  incidents,
  nowMs,
}: {
  incidents: readonly Incident[]
  nowMs: number
}) {
  const open = incidents.filter((one) => one.state !== 'resolved')
  const resolved = incidents.filter((one) => one.state === 'resolved').slice(0, RESOLVED_SHOWN)
  return (
    <section aria-label="Incidents">
      <h2>Incidents</h2>
      {open.length === 0 && <p class="empty">No open incident.</p>}
      {open.map((incident) => (
        <OpenIncident key={incident.id} incident={incident} nowMs={nowMs} />
      ))}
      {resolved.length > 0 && (
        <ul class="resolved">
          {resolved.map((incident) => (
            <li key={incident.id}>
              <span class="pill good">resolved</span> {incident.title}{' '}
              <span class="muted">
                {formatAge(nowMs - Date.parse(incident.resolved_at ?? incident.opened_at))} ago
              </span>{' '}
              <ReportLink incident={incident} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function OpenIncident({ incident, nowMs }: { incident: Incident; nowMs: number }) {
  const latest = incident.timeline.slice(-4).reverse()
  return (
    <article class={`card incident ${incident.severity}`} data-testid={`incident-${incident.id}`}>
      <div class="route-head">
        <span class={`pill ${incident.state === 'mitigated' ? 'moved' : 'bad'}`}>
          {incident.state}
        </span>
        <h3>{incident.title}</h3>
        <span class="muted">{incident.severity}</span>
        <span class="muted">for {formatAge(nowMs - Date.parse(incident.opened_at))}</span>
      </div>
      <p>
        Mitigation: <strong>{incident.mitigation}</strong>. Failing now:{' '}
        <strong>{formatPercent(incident.user_impact)}</strong> of requests.
      </p>
      <ol class="timeline">
        {latest.map((entry) => (
          <li key={`${entry.at} ${entry.kind} ${entry.text}`}>
            <time>{formatClock(Date.parse(entry.at))}</time> {entry.text}
          </li>
        ))}
      </ol>
      <div class="route-head">
        <AckButton incident={incident} />
        <ReportLink incident={incident} />
      </div>
    </article>
  )
}

function AckButton({ incident }: { incident: Incident }) {
  const [fault, setFault] = useState('')
  if (incident.acknowledged_by)
    return <span class="muted">acknowledged by {incident.acknowledged_by}</span>
  const acknowledge = () => {
    api.acknowledge(incident.id).then(
      () => setFault(''),
      (reason: unknown) => setFault(String(reason)),
    )
  }
  return (
    <button type="button" onClick={acknowledge} title={fault}>
      {fault ? 'Refused: try again' : 'Acknowledge'}
    </button>
  )
}

function ReportLink({ incident }: { incident: Incident }) {
  return (
    <a href={`api/v1/incidents/${incident.id}/report?format=html`} target="_blank" rel="noreferrer">
      Report
    </a>
  )
}
