import { join } from 'node:path'
import type { PrivacySettings } from '../config/privacy.ts'
import type { OtlpAnswer, OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { createIngest, type IngestOptions } from './ingest.ts'
import { createKeyedHash, loadHashKey } from './keyed-hash.ts'
import { createOnce } from './once.ts'
import { createPrivacy } from './privacy.ts'

export interface DoorOptions extends IngestOptions {
  /** What earlier runs took, to be answered again. */
  readonly taken: readonly TakenRequest[]
  readonly privacy: PrivacySettings
  /** Rewrites what is not OTLP; see `decode/translate.ts`. */
  translate(request: OtlpRequest): Translated
  /** The hash key is kept in it. */
  readonly dataDir: string
  readonly events: Pick<ReceiveEvents, 'decoded' | 'repeated' | 'forgotten' | 'withheld'>
}

type Translated =
  | {
      readonly status: 'ok'
      readonly request: OtlpRequest
      readonly refusedCount: number
      readonly refusedReason: string
    }
  | { readonly status: 'bad'; readonly reason: string }

/**
 * What every request passes, by whichever transport it came: known already? (by its bytes as they
 * came), as OTLP, without what is private, then decoded, judged and logged.
 *
 * @throws AppError CONFIG_INVALID when the hash key's file holds something else
 */
export function createDoor(options: DoorOptions): (request: OtlpRequest) => Promise<OtlpAnswer> {
  const { taken, events, privacy: settings } = options
  const hash = createKeyedHash(loadHashKey(join(options.dataDir, 'privacy.key')))
  const clean = createPrivacy({ settings, hash, events })
  const ingest = createIngest(options)
  return createOnce({
    ...{ taken, events },
    async take(request) {
      const translated = options.translate(request)
      if (translated.status === 'bad') return translated
      const cleaned = clean(translated.request)
      if (cleaned.status === 'bad') return cleaned
      const answer = await ingest(cleaned.request)
      const { refusedCount, refusedReason } = translated
      if (answer.status !== 'ok' || refusedCount === 0) return answer
      events.decoded({ signal: request.signal, itemCount: 0, rejectedCount: refusedCount })
      const rejectedCount = answer.rejectedCount + refusedCount
      return { ...answer, rejectedCount, message: answer.message || refusedReason }
    },
  })
}
