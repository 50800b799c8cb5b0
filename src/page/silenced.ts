import type { Notice } from '../model/notice.ts'
import type { Stage } from './chain.ts'
import type { Silences } from './silences.ts'

/** Holds a page back; `reason` goes into its history. */
export type HoldBack = (notice: Notice, reason: string) => void

/**
 * Stops pages that a silence matches. How an incident ends is told to those who know of it all the
 * same: every page has its closing message.
 */
export function silenced(silences: Silences, holdBack: HoldBack): Stage {
  return async (notice) => {
    if (notice.phase === 'acknowledged' || notice.phase === 'resolved') return notice
    const silence = silences.matching(notice.labels)
    if (!silence) return notice
    holdBack(notice, `silenced by ${silence.owner} until ${silence.ends_at}: ${silence.reason}`)
    return undefined
  }
}
