import { toFieldValue } from './attribute-value.ts'
import type { AnyValue } from './value-message.ts'

// Kubernetes events come in three shapes (reference: k8s_events receiver, its older form, and
// k8s_objects, which sends the whole object as the record's body). The first two already carry
// `k8s.event.*` attributes and the message as body; this reads the third into the same names.

const NONE: ReadonlyMap<string, string | number> = new Map()

/**
 * `k8s.event.reason`, `.count`, `.type`, `.action`, `.name`, `.uid`, what the event is about
 * (`k8s.object.kind`, `.name`, `k8s.namespace.name`), and its message as `body`.
 */
export function readKubernetesEvent(body: AnyValue | null): ReadonlyMap<string, string | number> {
  if (body?.value !== 'kvlistValue') return NONE
  // A watch wraps the object: { type: ADDED, object: {…} }; a pull sends it bare.
  const event = memberOf(body, 'object') ?? body
  const reason = textOf(event, 'reason')
  const message = textOf(event, 'note') ?? textOf(event, 'message')
  const about = memberOf(event, 'regarding') ?? memberOf(event, 'involvedObject')
  if (reason === undefined || !about) return NONE
  const metadata = memberOf(event, 'metadata')
  const found: [string, string | number | undefined][] = [
    ['k8s.event.reason', reason],
    ['k8s.event.count', countOf(event)],
    ['k8s.event.type', textOf(event, 'type')],
    ['k8s.event.action', textOf(event, 'action')],
    ['k8s.event.name', textOf(metadata, 'name')],
    ['k8s.event.uid', textOf(metadata, 'uid')],
    ['k8s.object.kind', textOf(about, 'kind')],
    ['k8s.object.name', textOf(about, 'name')],
    ['k8s.namespace.name', textOf(about, 'namespace')],
    ['body', message],
  ]
  return new Map(found.filter((pair): pair is [string, string | number] => pair[1] !== undefined))
}

/** How often so far: `series.count`, `count`, or `deprecatedCount`, by version of the API. */
function countOf(event: AnyValue): number | undefined {
  const series = memberOf(event, 'series')
  const count =
    memberOf(series, 'count') ?? memberOf(event, 'count') ?? memberOf(event, 'deprecatedCount')
  const value = Number(toFieldValue(count ?? null))
  return count && Number.isFinite(value) && value > 0 ? value : undefined
}

function memberOf(value: AnyValue | null | undefined, key: string): AnyValue | undefined {
  return value?.kvlistValue?.values.findLast((pair) => pair.key === key)?.value ?? undefined
}

function textOf(value: AnyValue | null | undefined, key: string): string | undefined {
  const member = memberOf(value, key)
  return member?.value === 'stringValue' && member.stringValue !== ''
    ? member.stringValue
    : undefined
}
