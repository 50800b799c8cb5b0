import type { QualityVerdict } from '../model/stored.ts'
import type { ServedItem } from './served.ts'
import type { AttributesView } from './span-place.ts'
import { QUALITY_PREFIX } from './watched.ts'

/** The log event that brings verdicts about a request that may be long over. */
export const QUALITY_EVENT = 'signalbox.quality'

/** More names than any check of images has. */
const NAMES_MAX = 64
const NAME_LENGTH_MAX = 128

export interface QualityPlace
  extends Pick<QualityVerdict, 'requestId' | 'route' | 'target' | 'receivedUnixMs'> {}

/** The verdicts that an item carries: a flag, or a number; whatever is neither is none. */
export function readQuality(
  item: Pick<ServedItem, 'traceId' | 'endUnixNs'> & { readonly attributes: AttributesView },
  place: QualityPlace,
): QualityVerdict[] {
  const verdicts: QualityVerdict[] = []
  for (const attribute of item.attributes.names()) {
    if (!attribute.startsWith(QUALITY_PREFIX) || verdicts.length >= NAMES_MAX) continue
    const name = attribute.slice(QUALITY_PREFIX.length)
    const value = item.attributes.get(attribute)
    const number = Number(value)
    const isSaid = typeof value === 'boolean' || typeof value === 'number'
    if (!isSaid || !Number.isFinite(number) || name === '' || name.length > NAME_LENGTH_MAX)
      continue
    const { traceId, endUnixNs: unixNs } = item
    const isFlagged = typeof value === 'boolean' ? value : undefined
    verdicts.push({ ...place, unixNs, traceId, name, value: number, isFlagged })
  }
  return verdicts
}

/** Whether an item carries any; costs a look at its keys. */
export function hasQuality({ attributes }: { readonly attributes: AttributesView }): boolean {
  for (const name of attributes.names()) if (name.startsWith(QUALITY_PREFIX)) return true
  return false
}
