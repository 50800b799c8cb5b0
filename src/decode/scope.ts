import { type Attributes, readAttributes } from './attributes.ts'
import type { ResourceFacts } from './resource.ts'
import type { Scope } from './value-message.ts'

/** Where a log record or a metric comes from: its resource and its instrumentation scope. */
export interface Origin {
  readonly resource: ResourceFacts
  readonly resourceSchemaUrl: string
  readonly scopeName: string
  readonly scopeVersion: string
  readonly scopeAttributes: Attributes
  readonly scopeDroppedCount: number
  readonly scopeSchemaUrl: string
}

export function readOrigin(options: {
  readonly resource: ResourceFacts
  readonly resourceSchemaUrl: string
  readonly scope: Scope | null
  readonly scopeSchemaUrl: string
}): Origin {
  const { resource, resourceSchemaUrl, scope, scopeSchemaUrl } = options
  return {
    resource,
    resourceSchemaUrl,
    scopeName: scope?.name ?? '',
    scopeVersion: scope?.version ?? '',
    scopeAttributes: readAttributes(scope?.attributes ?? []),
    scopeDroppedCount: scope?.droppedAttributesCount ?? 0,
    scopeSchemaUrl,
  }
}
