import type { PrivateNames } from '../config/private-names.ts'
import type { OtlpRequest } from '../model/otlp.ts'
import type { Withheld, WithheldCount } from '../model/withheld.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { cleanLines } from './private-lines.ts'

// Of OTLP, private attributes are left out where they are decoded (decode/privacy.ts), before
// anything is judged, logged or stored. Plain lines have no attributes before they are read: any
// member of theirs may be one, so that they are cleaned as what they are, as JSON.

export interface PrivacyOptions {
  readonly names: PrivateNames
  readonly hash: KeyedHash
  withheld(count: WithheldCount): void
}

export function createPrivacy(options: PrivacyOptions): (request: OtlpRequest) => OtlpRequest {
  return (request) => {
    if (request.encoding !== 'ndjson') return request
    const tally = createTally()
    const { buffer, byteOffset, byteLength } = request.body
    const body = Buffer.from(buffer, byteOffset, byteLength)
    const cleaned = cleanLines(body, { ...options, withhold: tally.add })
    if (cleaned === undefined) return request
    for (const count of tally.counted()) options.withheld(count)
    return { ...request, body: cleaned }
  }
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
