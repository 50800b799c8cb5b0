/** Stops pages whose labels match, until `ends_at`; never stops evaluation. JSON as stored. */
export interface SilenceView {
  readonly id: string
  readonly matchers: Readonly<Record<string, unknown>>
  readonly owner: string
  readonly reason: string
  readonly created_at: string
  readonly ends_at: string
}

/** `POST /api/v1/events`: something people or machines changed, for timelines and evidence. */
export interface ChangeEvent {
  readonly at: string
  /** `deploy`, `config`, `scaling`, … */
  readonly kind: string
  readonly text: string
  readonly route?: string
  readonly attributes?: Readonly<Record<string, string>>
}
