import type { Attempt, Request, RequestOutcome } from './attempt.ts'

/**
 * How storage knows a request. '': a SERVER span that is the whole request. `job`: asynchronous, by
 * its opening. `end`: asynchronous, only its end has come. `joined`: a `job` that was written as
 * `end` before. `poll`: no request after all.
 */
export type RequestForm = '' | 'job' | 'end' | 'joined' | 'poll'

/**
 * A row. Of rows with the same start, trace and span the one of the highest revision counts; 0 is
 * the first word about it.
 */
export interface StoredAttempt extends Omit<Attempt, 'outcome'> {
  /** '': no attempt after all. */
  readonly outcome: RequestOutcome | ''
  readonly revision: number
  /** Rules did not see it: it corrects what they saw. */
  readonly isUnseen?: boolean
  /** Samples that it stands for; default 1. */
  readonly sampleCount?: number
}

export interface StoredRequest extends Omit<Request, 'outcome'> {
  /** `unknown`: started, no end known. */
  readonly outcome: RequestOutcome | 'unknown'
  readonly form: RequestForm
  readonly revision: number
  readonly isUnseen?: boolean
  readonly sampleCount?: number
}

/** What somebody found out about the quality of a request's images: `signalbox.quality.<name>`. */
export interface QualityVerdict {
  readonly unixNs: bigint
  readonly receivedUnixMs: number
  readonly traceId: string
  readonly requestId: string
  readonly name: string
  /** 1 or 0 of a flag. */
  readonly value: number
  /** Undefined when a number was said, not a flag. */
  readonly isFlagged: boolean | undefined
  /** '' when it was not known then. */
  readonly route: string
  readonly target: string
}
