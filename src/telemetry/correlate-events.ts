import type { IncidentChange } from '../model/incident.ts'
import type { Telemetry } from './telemetry.ts'

/** What `correlate` says of itself: every function counts and logs. */
export interface CorrelateEvents {
  incidentChanged(change: IncidentChange): void
  /** The state store refused; the incident goes on in memory and is saved with the next sweep. */
  saveFailed(failure: { readonly id: string; readonly reason: string }): void
  openIncidents(count: number): void
}

export function createCorrelateEvents(telemetry: Telemetry): CorrelateEvents {
  const changes = telemetry.counter(
    'signalbox_incident_changes_total',
    'Changes of incidents that were told to pagers and the console.',
    ['phase', 'severity'],
  )
  const failures = telemetry.counter(
    'signalbox_incident_save_failures_total',
    'Writes of incidents that the state store refused.',
  )
  const open = telemetry.gauge('signalbox_incidents_open', 'Incidents that are not resolved.')
  return {
    incidentChanged({ phase, incident }) {
      changes.inc({ phase, severity: incident.severity })
      const fields = {
        incident: incident.id,
        route: incident.route,
        state: incident.state,
        severity: incident.severity,
        mitigation: incident.mitigation,
      }
      if (phase === 'updated') telemetry.log.debug(fields, 'incident updated')
      else telemetry.log.info(fields, `incident ${phase}: ${incident.title}`)
    },
    saveFailed(failure) {
      failures.inc()
      telemetry.log.error(failure, 'incident not saved, trying again')
    },
    openIncidents: (count) => open.set(count),
  }
}
