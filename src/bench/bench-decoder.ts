import { createPrivateNames } from '../config/private-names.ts'
import type { Rule } from '../config/rules.ts'
import type { Settings } from '../config/settings.ts'
import { createTimings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import { createConfiguredDecoder } from '../decode/configured-decoder.ts'
import type { Decoder } from '../decode/decoder.ts'
import { createKeysRead, createSpanInterest } from '../detect/span-interest.ts'

export interface BenchDecoderOptions {
  readonly settings: Settings
  rules(): readonly Rule[]
  topology(): Topology
}

/** The decoder of a server with these settings; a keyed hash would only take the same time. */
export function createBenchDecoder({ settings, rules, topology }: BenchDecoderOptions): Decoder {
  return createConfiguredDecoder({
    ...{ settings, timings: createTimings(), topology },
    names: createPrivateNames(settings.telemetry.privacy),
    hash: (text) => text,
    spanInterest: createSpanInterest(rules),
    keysRead: createKeysRead(rules),
  })
}
