import type { Labels, RemoteWriteMemory } from './remote-write-memory.ts'
import { createWireWriter } from './wire-writer.ts'

/** What the labels of one series are in OpenTelemetry's terms. */
export interface SeriesLabels {
  readonly name: string
  /** Series with equal keys share resource and scope. */
  readonly groupKey: string
  /** Identity of what was scraped: `job` and `instance`. */
  readonly target: string
  readonly isTargetInfo: boolean
  readonly attributes: Labels
  resource(memory: RemoteWriteMemory): Labels
  /** An encoded `InstrumentationScope`. */
  readonly scope: Uint8Array
}

const SCOPE_NAME = 'otel_scope_name'
const SCOPE_VERSION = 'otel_scope_version'
const OWN = new Set(['__name__', 'job', 'instance', SCOPE_NAME, SCOPE_VERSION])
const DEFAULT_SCOPE = 'signalbox.remote_write'

/**
 * Kubernetes' service discovery and kube-state-metrics say `pod`, OpenTelemetry says `k8s.pod.name`,
 * and so do the rules. Both names are kept, and on the point: the object that is measured is seldom
 * the one that was scraped.
 */
const KUBERNETES: Readonly<Record<string, string>> = {
  namespace: 'k8s.namespace.name',
  pod: 'k8s.pod.name',
  container: 'k8s.container.name',
  node: 'k8s.node.name',
  deployment: 'k8s.deployment.name',
  statefulset: 'k8s.statefulset.name',
  horizontalpodautoscaler: 'k8s.hpa.name',
}

/** The reason, when nothing can be made of them. */
export function readSeriesLabels(labels: Labels): SeriesLabels | string {
  const byName = new Map(labels)
  const name = byName.get('__name__')
  if (name === undefined) return 'a series without a name'
  if (byName.size < labels.length) return `${name}: the same label twice`
  const get = (label: string) => byName.get(label) ?? ''
  const [job, instance] = [get('job'), get('instance')]
  const target = `${job}\0${instance}`
  const [scopeName, scopeVersion] = [get(SCOPE_NAME) || DEFAULT_SCOPE, get(SCOPE_VERSION)]
  const isTargetInfo = name === 'target_info'
  const own = labels.filter(([label]) => !OWN.has(label))
  return {
    name,
    groupKey: `${target}\0${scopeName}\0${scopeVersion}`,
    target,
    isTargetInfo,
    attributes: isTargetInfo ? own : [...own, ...kubernetesNames(own, byName)],
    resource: (memory) => toResource({ job, instance }, memory.target(target)),
    get scope() {
      const scope = createWireWriter()
      scope.text(1, scopeName)
      if (scopeVersion !== '') scope.text(2, scopeVersion)
      return scope.written
    },
  }
}

/** A `KeyValue` whose value is text. */
export function encodeAttribute([key, value]: readonly [string, string]): Uint8Array {
  const text = createWireWriter()
  text.text(1, value)
  const pair = createWireWriter()
  pair.text(1, key)
  pair.bytes(2, text.written)
  return pair.written
}

const ENCODED_MAX = 10_000

/** Labels repeat from series to series: each pair is encoded once, as long as they are few. */
export function createAttributeEncoder(): (label: readonly [string, string]) => Uint8Array {
  const known = new Map<string, Map<string, Uint8Array>>()
  let count = 0
  return (label) => {
    const [name, value] = label
    const found = known.get(name)?.get(value)
    if (found !== undefined) return found
    const encoded = encodeAttribute(label)
    if (count++ < ENCODED_MAX) {
      const values = known.get(name) ?? new Map<string, Uint8Array>()
      known.set(name, values.set(value, encoded))
    }
    return encoded
  }
}

function kubernetesNames(labels: Labels, byName: ReadonlyMap<string, string>): Labels {
  return labels.flatMap(([label, value]) => {
    const full = Object.hasOwn(KUBERNETES, label) ? KUBERNETES[label] : undefined
    return full === undefined || byName.has(full) ? [] : [[full, value] as const]
  })
}

/** `job` is `NAMESPACE/NAME` where OpenTelemetry wrote it. `target_info` may say more, not otherwise. */
function toResource(
  { job, instance }: { readonly job: string; readonly instance: string },
  info: Labels,
): Labels {
  const parts = job.split('/')
  const [namespace, service] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', job]
  const own = [
    ['service.namespace', namespace],
    ['service.name', service],
    ['service.instance.id', instance],
  ] as const
  const known = own.filter(([, value]) => value !== '')
  return [...known, ...info.filter(([name]) => !known.some(([taken]) => taken === name))]
}
