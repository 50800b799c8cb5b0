import type { Meanings } from '../config/meanings.ts'
import { identityOf } from '../lib/identity.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { createField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { MapItem } from './map-items.ts'
import { servedField } from './observe-span.ts'

/** An attempt or request that was mapped, and what it was mapped from. */
export interface SeenMapped {
  readonly item: MapItem
  readonly source: Source
  readonly meanings: Meanings
  /** Samples that it stands for; its weight is that of all of them. */
  readonly count: number
  /** Of those of one unit in the item, by which a span that comes twice is known. */
  readonly index: number
}

export function observeMappedAttempt(attempt: Attempt, seen: SeenMapped): Observation {
  const { target, role, outcome } = attempt
  return { ...observe(attempt, { target, role, outcome }, seen), unit: 'attempt', attempt }
}

export function observeMappedRequest(request: Request, seen: SeenMapped): Observation {
  const { outcome, finalTarget, finalRole, attemptCount } = request
  const own = {
    ...{ outcome, attempt_count: attemptCount },
    ...(finalTarget !== '' && { target: finalTarget, role: finalRole }),
  }
  return { ...observe(request, own, seen), unit: 'request', request }
}

function observe(
  served: Attempt | Request,
  own: Readonly<Record<string, FieldValue>>,
  { item, source, meanings, count, index }: SeenMapped,
) {
  const { traceId, spanId } = item
  const isSpan = traceId !== '' && spanId !== ''
  const name = index === 0 ? `${traceId}/${spanId}` : `${traceId}/${spanId}/${index}`
  const [startUnixMs, atUnixMs] = [toUnixMs(served.startUnixNs), toUnixMs(served.endUnixNs)]
  const durationMs = Math.max(0, atUnixMs - startUnixMs)
  return {
    ...{ atUnixMs, startUnixMs, source },
    weight: served.weight,
    ...(count > 1 && { count }),
    ...(isSpan && { once: identityOf(name) }),
    field: createField({
      meanings,
      attributes: item.attributes,
      resource: item.resource.attributes,
      builtIn: (key) =>
        key === 'duration'
          ? durationMs
          : (own[key] ?? servedField(served, key) ?? builtIn(item, key)),
    }),
  }
}

function builtIn(item: MapItem, key: string): FieldValue | undefined {
  switch (key) {
    case 'name':
    case 'service':
    case 'body':
      return item[key] || undefined
    case 'kind':
      return item.kind.toLowerCase() || undefined
    case 'status':
      return item.isError ? 'error' : undefined
    default:
      return undefined
  }
}
