import { createMeanings } from '../config/meanings.ts'
import type { PrivateNames } from '../config/private-names.ts'
import { mapRulesOf, type Settings } from '../config/settings.ts'
import { createDecoder, type Decoder, type DecoderOptions } from './decoder.ts'
import { createMapper } from './mapper.ts'
import { createPrivacyTally } from './privacy.ts'

export interface ConfiguredDecoderOptions
  extends Pick<DecoderOptions, 'topology' | 'timings' | 'spanInterest' | 'keysRead'> {
  readonly settings: Pick<Settings, 'telemetry' | 'services' | 'retention'>
  readonly names: PrivateNames
  /** A keyed hash, the same one for all that is hashed here. */
  readonly hash: (text: string) => string
}

/** The decoder as the settings want it. */
export function createConfiguredDecoder(options: ConfiguredDecoderOptions): Decoder {
  const { settings, names, hash, ...given } = options
  return createDecoder({
    ...given,
    meanings: createMeanings(settings),
    services: settings.services,
    retentionMs: settings.retention,
    mapper: createMapper({ rules: mapRulesOf(settings) }),
    privacy: { ...names, hash, tally: createPrivacyTally() },
  })
}
