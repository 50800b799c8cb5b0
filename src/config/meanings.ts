import type { Settings } from './settings.ts'

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
export type Meanings = Readonly<Record<Meaning, readonly string[]>>

export function createMeanings(settings: Pick<Settings, 'telemetry'>): Meanings {
  return { ...DEFAULT_MEANINGS, ...settings.telemetry.attributes }
}
