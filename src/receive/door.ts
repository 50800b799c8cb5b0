import type { PrivateNames } from '../config/private-names.ts'
import type { OtlpAnswer, OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { createIngest, type IngestOptions } from './ingest.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { createOnce } from './once.ts'
import { createPrivacy } from './privacy.ts'

export interface DoorOptions extends IngestOptions {
  /** What earlier runs took, to be answered again. */
  readonly taken: readonly TakenRequest[]
  /** What is withheld, and the hash of what is to be recognised all the same. */
  readonly names: PrivateNames
  readonly hash: KeyedHash
  readonly events: Pick<ReceiveEvents, 'decoded' | 'repeated' | 'forgotten' | 'withheld'>
}

/**
 * What every request passes, by whichever transport it came: known already? (by its bytes as they
 * came), without what is private, then decoded, judged and logged.
 */
export function createDoor(options: DoorOptions): (request: OtlpRequest) => Promise<OtlpAnswer> {
  const { taken, events } = options
  const clean = createPrivacy({ ...options, withheld: events.withheld })
  const ingest = createIngest(options)
  return createOnce({ ...{ taken, events }, take: (request) => ingest(clean(request)) })
}
