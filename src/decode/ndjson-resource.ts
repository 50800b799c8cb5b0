import type { Fields, Scalar } from './ndjson-fields.ts'

// Who speaks: what belongs to the resource in OpenTelemetry, under the names that loggers and
// agents use for it (Fluent Bit's kubernetes filter, Vector's kubernetes_logs, Filebeat, journald).

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'service.name': ['service.name', 'resource.service.name', 'service', 'service_name', 'app'],
  'k8s.pod.name': ['k8s.pod.name', 'k8s.pod_name', 'kubernetes.pod_name', 'kubernetes.pod.name'],
  'k8s.pod.uid': ['kubernetes.pod_id', 'kubernetes.pod_uid', 'kubernetes.pod.uid'],
  'k8s.pod.ip': ['kubernetes.pod_ip', 'kubernetes.pod.ip'],
  'k8s.namespace.name': [
    ...['k8s.namespace.name', 'k8s.namespace_name', 'kubernetes.namespace_name'],
    ...['kubernetes.pod_namespace', 'kubernetes.namespace.name', 'kubernetes.namespace'],
  ],
  'k8s.container.name': [
    ...['k8s.container.name', 'k8s.container_name', 'kubernetes.container_name'],
    'kubernetes.container.name',
  ],
  'k8s.node.name': [
    ...['k8s.node.name', 'kubernetes.host', 'kubernetes.pod_node_name', 'kubernetes.node.name'],
    'kubernetes.node_name',
  ],
  'container.id': [
    'container.id',
    'container_id',
    'kubernetes.docker_id',
    'kubernetes.container_id',
  ],
  'container.name': ['container.name', 'container_name'],
  'container.image.name': ['kubernetes.container_image', 'kubernetes.container.image'],
  'host.name': [
    'host.name',
    'resource.host.name',
    'host',
    'hostname',
    'host.hostname',
    '_hostname',
  ],
}

const RENAMED = [
  [/^kubernetes\.(?:pod_)?labels\./, 'k8s.pod.label.'],
  [/^kubernetes\.(?:pod_)?annotations\./, 'k8s.pod.annotation.'],
  [/^resource\./, ''],
] as const

/** Resource attributes that lines may carry under their own name. */
const OWN =
  /^(?:service\.|cloud\.|host\.|container\.|telemetry\.sdk\.|deployment\.environment|k8s\.(?!event\.|object\.)|signalbox\.component$)/

const SERVICE_LABELS = [
  ...['k8s.pod.label.app.kubernetes.io/name', 'k8s.pod.label.app_kubernetes_io/name'],
  ...['k8s.pod.label.app', 'k8s.pod.label.k8s-app', 'k8s.container.name'],
]

/** Takes everything that says who sent the line, as resource attributes. */
export function takeResource(fields: Fields): ReadonlyMap<string, Scalar> {
  const found = new Map<string, Scalar>()
  const isNodeLogger =
    typeof fields.get('level') === 'number' &&
    fields.get('pid') !== undefined &&
    fields.get('hostname') !== undefined
  for (const [attribute, names] of Object.entries(NAMES)) {
    const text = fields.take(names, toText)
    if (text !== undefined) found.set(attribute, text)
  }
  for (const name of [...fields.rest.keys()]) {
    const attribute = attributeOf(name)
    if (attribute === undefined || found.has(attribute)) continue
    const value = fields.take([name.toLowerCase()], (own) => own)
    if (value !== undefined) found.set(attribute, value)
  }
  if (!found.has('service.name')) {
    // pino and bunyan call the program `name`; elsewhere that is the logger.
    const own = isNodeLogger ? fields.take(['name'], toText) : undefined
    const label = SERVICE_LABELS.find((name) => found.has(name))
    const service = own ?? found.get(label ?? '')
    if (service !== undefined) found.set('service.name', service)
  }
  const node = found.get('k8s.node.name')
  if (node !== undefined && !found.has('host.name')) found.set('host.name', node)
  return found
}

function attributeOf(name: string): string | undefined {
  for (const [start, attribute] of RENAMED) {
    if (start.test(name)) return name.replace(start, attribute)
  }
  return OWN.test(name) ? name : undefined
}

function toText(value: Scalar): string | undefined {
  return value === '' || typeof value === 'boolean' ? undefined : String(value)
}
