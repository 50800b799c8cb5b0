import type { Meanings } from '../config/meanings.ts'
import type { Source } from '../model/observation.ts'
import { type Attributes, readAttributes } from './attributes.ts'
import { readMeaning } from './fields.ts'
import type { KeyValue } from './value-message.ts'

/** What a resource says about who sent its items. */
export interface ResourceFacts {
  readonly attributes: Attributes
  readonly serviceName: string
  /** Instance, pod or host; the service's name where none is given. */
  readonly instance: string
  /** By `signalbox.component`, else by the `services:` map; undefined: not said. */
  readonly component: Source['component'] | undefined
}

export interface ResourceOptions {
  readonly meanings: Meanings
  readonly services: Readonly<Record<string, Exclude<Source['component'], 'other'>>>
}

export function readResource(
  resource: { readonly attributes: readonly KeyValue[] } | null,
  options: ResourceOptions,
): ResourceFacts {
  const attributes = readAttributes(resource?.attributes ?? [])
  return toResourceFacts(attributes, { ...options, textOf: (key) => attributes.text[key] })
}

export function toResourceFacts(
  attributes: Attributes,
  {
    meanings,
    services,
    textOf,
  }: ResourceOptions & { readonly textOf: (key: string) => string | undefined },
): ResourceFacts {
  const serviceName = textOf('service.name') ?? ''
  const instance = readMeaning(meanings.instance, {
    attributes: NO_OWN_ATTRIBUTES,
    resource: attributes,
  })
  return {
    attributes,
    serviceName,
    instance: String(instance ?? serviceName),
    component:
      toComponent(textOf('signalbox.component')) ??
      (Object.hasOwn(services, serviceName) ? services[serviceName] : undefined),
  }
}

const NO_OWN_ATTRIBUTES = { get: () => undefined }

function toComponent(text: string | undefined): Source['component'] | undefined {
  return text === 'router' || text === 'worker' || text === 'autoscaler' ? text : undefined
}
