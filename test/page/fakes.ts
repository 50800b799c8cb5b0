import type { Incident } from '../../src/model/incident.ts'
import type { Notice } from '../../src/model/notice.ts'
import { composeNotice } from '../../src/page/compose.ts'
import { createPageState } from '../../src/page/page-state.ts'

export const OPENED_MS = Date.UTC(2026, 0, 11, 14, 0, 0)

/** A critical incident of preview whose traffic was moved, unless said otherwise. */
export function incidentOf(fields: Partial<Incident> = {}): Incident {
  return {
    id: 'inc_1',
    title: 'preview: 47 % of attempts on cloud-eu failed in 90s',
    state: 'open',
    severity: 'critical',
    route: 'preview',
    labels: { team: 'serving', class: 'errors', target: 'cloud-eu', rule: 'primary-failing' },
    t0: '2026-01-11T13:59:24.000Z',
    opened_at: new Date(OPENED_MS).toISOString(),
    mitigation: 'confirmed',
    mitigation_text: 'Traffic moved to edge-local (confirmed, 1.3 s).',
    user_impact: 0.004,
    runbook: 'https://example.com/runbook',
    rules: [
      {
        rule: 'primary-failing',
        by: { route: 'preview', target: 'cloud-eu' },
        severity: 'critical',
        state: 'firing',
        title: 'preview: 47 % of attempts on cloud-eu failed in 90s',
        since: '2026-01-11T13:59:24.000Z',
        value: 0.4717,
        threshold: 0.4,
        count: 212,
        window_s: 90,
      },
    ],
    timeline: [
      {
        at: '2026-01-11T14:00:00.000Z',
        clock: 'signalbox',
        kind: 'opened',
        text: 'Incident opened',
      },
    ],
    pages: [],
    ...fields,
  }
}

export interface NoticeFields {
  readonly phase?: Notice['phase']
  readonly incident?: Partial<Incident>
  readonly earlierLabels?: Record<string, string>
}

export function noticeOf({ phase = 'opened', incident, earlierLabels }: NoticeFields = {}): Notice {
  const item = {
    key: 'opened/L1/0',
    id: 'inc_1_opened-L1-0_x',
    phase,
    level: 'L1',
    receivers: ['one'],
    createdUnixMs: OPENED_MS,
    nextUnixMs: OPENED_MS,
    failedRounds: 0,
  }
  const job = { item, state: createPageState('inc_1'), incident: incidentOf(incident) }
  const context = { publicUrl: 'http://signalbox:8080', nowMs: OPENED_MS }
  return { ...composeNotice(job, context), ...(earlierLabels && { earlierLabels }) }
}
