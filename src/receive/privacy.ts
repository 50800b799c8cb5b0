import type { PrivacySettings } from '../config/privacy.ts'
import type { OtlpRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { cleanJson, UnreadableBody, type Withholding } from './private-json.ts'
import { cleanLines } from './private-lines.ts'
import { createPrivateNames } from '../config/private-names.ts'
import type { Withheld } from '../model/withheld.ts'
import { cleanProtobuf } from './private-protobuf.ts'

// What must not be kept goes before anything is judged, logged or stored. Every body is searched
// for pieces of the listed names, in one pass; most have none, and are left as they are. Withheld
// are attributes, also nested ones; free text (span names, log lines) is not looked into.

export interface PrivacyOptions {
  readonly settings: PrivacySettings
  readonly hash: KeyedHash
  readonly events: Pick<ReceiveEvents, 'withheld'>
}

export type Cleaned =
  | { readonly status: 'ok'; readonly request: OtlpRequest }
  /** It holds something that looks private, and cannot be read. */
  | { readonly status: 'bad'; readonly reason: string }

/** More finds than this: then every message is entered. */
const FINDS_MAX = 100_000

export function createPrivacy(options: PrivacyOptions): (request: OtlpRequest) => Cleaned {
  const names = createPrivateNames(options.settings)
  return (request) => {
    const tally = createTally()
    try {
      const body = clean(request, { names, hash: options.hash, withhold: tally.add })
      if (body === undefined) return { status: 'ok', request }
      for (const event of tally.counted()) options.events.withheld(event)
      return { status: 'ok', request: { ...request, body } }
    } catch (fault) {
      if (fault instanceof UnreadableBody) return { status: 'bad', reason: fault.message }
      throw fault
    }
  }
}

function clean(request: OtlpRequest, withholding: Withholding): Buffer | undefined {
  const { buffer, byteOffset, byteLength } = request.body
  const body = Buffer.from(buffer, byteOffset, byteLength)
  if (request.encoding === 'ndjson') return cleanLines(body, withholding)
  const finds = withholding.names.search.find(body, FINDS_MAX)
  if (request.encoding === 'json') return cleanJson(body, finds, withholding)
  if (finds.length === 0) return undefined
  const isEverywhere = finds.length === FINDS_MAX
  return cleanProtobuf({ signal: request.signal, body, finds, isEverywhere }, withholding)
}

function createTally() {
  const counts = new Map<string, Withheld & { count: number }>()
  return {
    add({ action, reason }: Withheld) {
      const key = `${action} ${reason}`
      const known = counts.get(key) ?? { action, reason, count: 0 }
      known.count++
      counts.set(key, known)
    },
    counted: () => [...counts.values()],
  }
}
