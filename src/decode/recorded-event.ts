import { readKubernetesEvent } from './kubernetes-event.ts'
import { type AnyValue, EMPTY_VALUE } from './value-message.ts'

const NO_EVENT: ReadonlyMap<string, string | number> = new Map()

/**
 * What a Kubernetes event in a stored body says. Bodies are stored as text, objects as JSON, so that
 * an event which was sent as JSON text reads as one too.
 */
export function readStoredEvent(body: string): ReadonlyMap<string, string | number> {
  if (!body.startsWith('{') || !body.includes('"reason"')) return NO_EVENT
  try {
    return readKubernetesEvent(toAnyValue(JSON.parse(body)))
  } catch {
    return NO_EVENT
  }
}

function toAnyValue(value: unknown): AnyValue {
  if (typeof value === 'string') return { ...EMPTY_VALUE, value: 'stringValue', stringValue: value }
  if (typeof value === 'number') return { ...EMPTY_VALUE, value: 'doubleValue', doubleValue: value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return EMPTY_VALUE
  const values = Object.entries(value).map(([key, own]) => ({ key, value: toAnyValue(own) }))
  return { ...EMPTY_VALUE, value: 'kvlistValue', kvlistValue: { values } }
}
