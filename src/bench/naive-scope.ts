import type { KeyValue, Scope } from '../decode/value-message.ts'
import { readTexts, type Texts } from './naive-attributes.ts'

/** Where a log record or a data point comes from: its resource and its instrumentation scope. */
export interface Origin {
  readonly resource: Texts
  readonly serviceName: string
  readonly resourceSchemaUrl: string
  readonly scopeName: string
  readonly scopeVersion: string
  readonly scopeAttributes: Texts
  readonly scopeDroppedCount: number
  readonly scopeSchemaUrl: string
}

export interface OriginParts {
  readonly resource: { readonly attributes: readonly KeyValue[] } | null
  readonly resourceSchemaUrl: string
  readonly scope: Scope | null
  readonly scopeSchemaUrl: string
}

export function readOrigin(parts: OriginParts): Origin {
  const { resourceSchemaUrl, scope, scopeSchemaUrl } = parts
  const resource = readTexts(parts.resource?.attributes ?? [])
  return {
    resource,
    serviceName: resource['service.name'] ?? '',
    resourceSchemaUrl,
    scopeName: scope?.name ?? '',
    scopeVersion: scope?.version ?? '',
    scopeAttributes: readTexts(scope?.attributes ?? []),
    scopeDroppedCount: scope?.droppedAttributesCount ?? 0,
    scopeSchemaUrl,
  }
}
