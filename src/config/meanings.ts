/**
 * Which attributes carry each meaning; the first that is present wins. `resource.` first names an
 * attribute of the resource. `telemetry.attributes` in the settings replaces single lists.
 */
const DEFAULT_MEANINGS = {
  route: ['signalbox.route', 'http.route'],
  target: ['signalbox.target', 'ai.backend', 'server.address'],
  generation: ['signalbox.generation'],
  instance: ['resource.service.instance.id', 'resource.k8s.pod.name', 'resource.host.name'],
  request_id: ['signalbox.request.id'],
  session: ['session.id', 'user.id', 'enduser.id'],
  model: ['gen_ai.response.model', 'gen_ai.request.model'],
  region: ['cloud.region', 'resource.cloud.region'],
  tenant: ['tenant.id'],
  tier: ['signalbox.tier'],
  class: ['signalbox.class', 'gen_ai.operation.name'],
  stage: ['signalbox.stage'],
  images: ['signalbox.images'],
  gpu: ['hw.id', 'gpu.uuid', 'gpu.id'],
  variant: [
    'signalbox.variant',
    'feature_flag.result.variant',
    'service.version',
    'resource.service.version',
  ],
  cost: ['signalbox.cost.gpu_seconds'],
} as const satisfies Record<string, readonly string[]>

export type Meaning = keyof typeof DEFAULT_MEANINGS
/** What the settings may change. `router` and `worker` name the instance that sends. */
export const MEANINGS = [
  ...(Object.keys(DEFAULT_MEANINGS) as Meaning[]),
  ...(['router', 'worker'] as const),
]
export type Meanings = Readonly<Record<Meaning, readonly string[]>>

/** What the settings say in place of single lists. */
export interface MeaningSettings {
  readonly telemetry: {
    readonly attributes: Readonly<
      Partial<Record<Meaning | 'router' | 'worker', readonly string[] | undefined>>
    >
  }
}

export function createMeanings({ telemetry }: MeaningSettings): Meanings {
  const { router, worker, ...own } = telemetry.attributes
  const senders = [...(router ?? []), ...(worker ?? [])].map(onResource)
  return {
    ...DEFAULT_MEANINGS,
    ...(own as Partial<Meanings>),
    ...(senders.length > 0 && { instance: senders }),
  }
}

/** Who sends stands on the resource only. */
function onResource(name: string): string {
  return name.startsWith('resource.') ? name : `resource.${name}`
}
