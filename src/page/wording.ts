import type { Incident, IncidentRule } from '../model/incident.ts'
import type { Notice, NoticeFact, NoticeLink } from '../model/notice.ts'

// What people read at night. The first sentence says what was already done, the second what users
// feel; only then comes what is broken.

const RULES_SHOWN = 4

/** The incident's labels and those that every page carries. */
export function labelsOf(incident: Incident): Record<string, string> {
  const { severity, mitigation, user_impact, state, route } = incident
  return {
    ...incident.labels,
    severity,
    mitigation,
    state,
    user_impact: user_impact === null ? 'unknown' : String(Number(user_impact.toFixed(4))),
    ...(route !== undefined && { route }),
  }
}

export function headlineOf(incident: Incident, phase: Notice['phase']): string {
  const done = incident.mitigation_text ?? `Mitigation: ${incident.mitigation}.`
  if (phase === 'resolved') return `Resolved after ${tookText(incident)}. ${done}`
  const impact = impactText(incident)
  if (phase !== 'acknowledged') return `${done}${impact}`
  return `Acknowledged by ${incident.acknowledged_by ?? 'somebody'}. ${done}${impact}`
}

export function factsOf(incident: Incident): NoticeFact[] {
  const { runbook } = incident
  const rules = (incident.rules ?? []).slice(0, RULES_SHOWN)
  return [
    { name: 'Severity', value: incident.severity },
    { name: 'Mitigation', value: incident.mitigation },
    {
      name: 'User impact',
      value:
        incident.user_impact === null
          ? 'unknown: no requests seen'
          : `${percent(incident.user_impact)} of requests fail`,
    },
    { name: 'Since', value: incident.t0 },
    ...rules.map((one) => ({ name: one.rule, value: ruleText(one) })),
    ...(runbook === undefined || isLink(runbook) ? [] : [{ name: 'Runbook', value: runbook }]),
  ]
}

export function linksOf(incident: Incident, publicUrl: string): NoticeLink[] {
  const base = publicUrl.replace(/\/+$/, '')
  const own = `${base}/api/v1/incidents/${incident.id}`
  return [
    { text: 'Console', href: `${base}/#/incidents/${incident.id}` },
    { text: 'Report', href: `${own}/report?format=html` },
    ...(isLink(incident.runbook) ? [{ text: 'Runbook', href: incident.runbook }] : []),
  ]
}

/** A runbook is an address or, as in the shipped rules, a few sentences. */
export function isLink(text: string | undefined): text is string {
  return text !== undefined && /^https?:\/\/\S+$/.test(text)
}

function impactText({ user_impact, route }: Incident): string {
  if (route === undefined) return ''
  if (user_impact === null) return ' No requests are seen now.'
  return ` ${percent(user_impact)} of requests fail now.`
}

function ruleText({ state, value, threshold, count, window_s }: IncidentRule): string {
  const limit = threshold === null ? '' : `limit ${number(threshold)}, `
  const now = value === null ? state : `${typeof value === 'number' ? number(value) : value}`
  return `${now} (${limit}n = ${count}, ${window_s} s, ${state})`
}

function tookText({ opened_at, resolved_at }: Incident): string {
  if (resolved_at === undefined) return 'some time'
  const tookS = Math.round((Date.parse(resolved_at) - Date.parse(opened_at)) / 1_000)
  return tookS < 120 ? `${tookS} s` : `${Math.round(tookS / 60)} min`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)))
}
