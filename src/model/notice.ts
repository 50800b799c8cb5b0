import type { Incident, IncidentChange, PageView } from './incident.ts'

/**
 * One page on its way through the chain: every field that a later stage or a receiver reads. Who
 * forgets one does not compile.
 */
export interface Notice {
  /** The same over all attempts of this page (`webhook-id`); holds no dot. */
  readonly id: string
  /** What receivers fold by (`dedup_key`): the incident's id, or the digest's. */
  readonly dedupKey: string
  readonly phase: IncidentChange['phase']
  readonly level: string
  readonly incident: Incident
  /** Ids of the incidents that it speaks for: one, except in a digest. */
  readonly covers: readonly string[]
  /** The incident's labels with `severity`, `mitigation`, `user_impact`, `state`, `route`. */
  readonly labels: Readonly<Record<string, string>>
  /** Said first: what was already done, and what users feel now. */
  readonly headline: string
  /** What is broken, and how badly. */
  readonly title: string
  readonly facts: readonly NoticeFact[]
  readonly links: readonly NoticeLink[]
  /** When it was put together (our clock). */
  readonly atUnixMs: number
  /** Receivers to try, in order: the next when one did not accept. */
  readonly receivers: readonly string[]
  /** Labels that the receiver was told last, where they differ (Alertmanager ends that alert). */
  readonly earlierLabels?: Readonly<Record<string, string>>
  /** Rounds through all receivers that failed before this one. */
  readonly failedRounds: number
  /** What came of it, in order; filled on the way. */
  readonly views: readonly PageView[]
  readonly acceptedBy?: string
  /** The longest wait that a receiver asked for. */
  readonly retryAfterMs?: number
  /** Every receiver refused for good: trying soon again is useless. */
  readonly isRejected?: boolean
}

export interface NoticeFact {
  readonly name: string
  readonly value: string
}

export interface NoticeLink {
  readonly text: string
  readonly href: string
}
