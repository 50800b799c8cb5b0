import type { Outcome } from '../lib/outcome.ts'
import type { DecodedBatch, DecodeResult } from '../model/batch.ts'
import type { OtlpAnswer, OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'

/** Exporters give up after 10 s including their retries: a longer pause is a lost batch. */
const RETRY_AFTER_MAX_S = 3

export interface IngestOptions {
  decode(request: OtlpRequest): DecodeResult
  /** Numbers requests in the order in which detection sees them; see `lib/sequence.ts`. */
  nextSeenAt(): bigint
  /** Hands over to detection. Not called for what it has seen before, and storage refused. */
  observe(batch: Pick<DecodedBatch, 'observations' | 'columns'>, seenAtUnixNs: bigint): void
  /** Puts the batch's rows where they survive a crash; 'ok' only then. */
  append(entry: AppendedBatch): Promise<Outcome>
  readonly events: Pick<ReceiveEvents, 'decoded' | 'withheld'>
}

/** The rows of one request in the open blocks, and what is remembered of it. */
export interface AppendedBatch extends Pick<DecodedBatch, 'rowCount' | 'byteCount' | 'discard'> {
  readonly taken?: TakenRequest
}

function toEntry(request: OtlpRequest, batch: DecodedBatch): AppendedBatch {
  const { rowCount, byteCount, discard, itemCount, rejectedCount } = batch
  const { onceKey, receivedUnixMs } = request
  const taken = onceKey !== undefined && { onceKey, receivedUnixMs, itemCount, rejectedCount }
  return { rowCount, byteCount, discard, ...(taken && { taken }) }
}

/**
 * What becomes of one export request, behind any of the protocol's transports. No async function:
 * what it decoded would live as long as the log takes to sync, through a collection of garbage or
 * two, while all that is waited for is an outcome.
 */
export function createIngest(
  options: IngestOptions,
): (request: OtlpRequest) => Promise<OtlpAnswer> {
  const refused = createRefused()
  const judge = (request: SeenRequest, batch: DecodedBatch) => {
    const { itemCount, rejectedCount, withheld } = batch
    for (const count of withheld) options.events.withheld(count)
    // Detection first: it must see what a full log refuses, and it is what seconds are saved for.
    if (request.isObserved) return
    options.events.decoded({ signal: request.signal, itemCount, rejectedCount })
    options.observe(batch, request.seenAtUnixNs)
  }
  const take = (given: OtlpRequest): OtlpAnswer | Promise<OtlpAnswer> => {
    const seenAtUnixNs = refused.take(given) ?? options.nextSeenAt()
    const request = { ...given, seenAtUnixNs }
    const result = options.decode(request)
    if (result.status === 'bad') return result
    const { batch } = result
    judge(request, batch)
    const accepted = toAccepted(batch)
    if (batch.itemCount === 0) return accepted
    const answered = options.append(toEntry(request, batch)).then(toAnswer(accepted))
    return request.onceKey === undefined ? answered : answered.then(refused.noting(request))
  }
  return (request) => {
    try {
      return Promise.resolve(take(request))
    } catch (fault) {
      return Promise.reject(fault)
    }
  }
}

interface SeenRequest extends OtlpRequest {
  readonly seenAtUnixNs: bigint
}

/** Within the time for which a full log is waited for; of more, the newest are stored as seen later. */
const REFUSED_MAX = 10_000

/** When detection saw what storage refused: its rows say that when the request comes again. */
function createRefused() {
  const seen = new Map<string, bigint>()
  return {
    take({ onceKey = '', isObserved }: OtlpRequest): bigint | undefined {
      return isObserved ? seen.get(onceKey) : undefined
    },
    /** Holds on to no more of the request than this. */
    noting({ onceKey = '', seenAtUnixNs }: SeenRequest) {
      return (answer: OtlpAnswer): OtlpAnswer => {
        if (answer.status !== 'retry') seen.delete(onceKey)
        else if (seen.size < REFUSED_MAX) seen.set(onceKey, seenAtUnixNs)
        return answer
      }
    },
  }
}

function toAccepted({ rejectedCount, rejectedReason, lines }: DecodedBatch): OtlpAnswer {
  return { status: 'ok', rejectedCount, message: rejectedReason, ...(lines && { lines }) }
}

const toAnswer =
  (accepted: OtlpAnswer) =>
  (outcome: Outcome): OtlpAnswer => {
    switch (outcome.status) {
      case 'ok':
        return accepted
      case 'reject':
        return { status: 'bad', reason: outcome.reason }
      case 'retry': {
        const afterS = Math.ceil((outcome.afterMs ?? 1_000) / 1_000)
        const boundedS = Math.min(RETRY_AFTER_MAX_S, Math.max(1, afterS))
        return { status: 'retry', reason: outcome.reason, afterS: boundedS }
      }
    }
  }
