import type { PageView } from '../model/incident.ts'
import type { Stage } from './chain.ts'

/**
 * Writes what came of a page into the incident. Of a receiver that keeps failing only the first
 * round is written: the rest is in the logs and counters, and must not fill the timeline.
 */
export function recorded(record: (incidentId: string, view: PageView) => void): Stage {
  return async (notice) => {
    const isFirst = notice.failedRounds === 0
    for (const view of notice.views) {
      if (!isFirst && view.outcome !== 'delivered') continue
      for (const id of notice.covers) record(id, view)
    }
    return notice
  }
}
