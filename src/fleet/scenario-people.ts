import { ROUTE } from './fleet-plan.ts'
import type { Random } from './random.ts'
import { REGIONS, REQUEST_CLASSES } from './request-classes.ts'
import type { Asked } from './scenario-asked.ts'
import type { Weather } from './scenario-weather.ts'

// Who asks for what. Weights as an image studio sees them.

const MODELS = [
  { name: 'sdxl-1.0', weight: 6 },
  { name: 'sd-2.1', weight: 3 },
  { name: 'flux-schnell', weight: 1 },
] as const
const LORAS = [
  { name: '', weight: 70 },
  { name: 'anime-v3', weight: 12 },
  { name: 'pixel-art', weight: 8 },
  { name: 'studio-portrait', weight: 6 },
  { name: 'logo-v1', weight: 4 },
] as const
const PROMPTS = [
  { tokens: 12, weight: 3 },
  { tokens: 50, weight: 5 },
  { tokens: 200, weight: 3 },
  { tokens: 700, weight: 1 },
] as const
const TIERS = [
  { name: 'free', weight: 6 },
  { name: 'pro', weight: 3 },
  { name: 'team', weight: 1 },
] as const
const TENANTS = ['acme', 'globex', 'initech', 'umbrella'].map((name) => ({ name, weight: 1 }))
const SESSIONS = 400
export const STABLE_VARIANT = 'v41'
const CANARY_VARIANT = 'v42'

/** When, where and by which number somebody asks. */
export type Arrival = Pick<Asked, 'number' | 'startUnixMs' | 'router'>

/** Draws what an arriving request asks for. */
export function createPeople(random: Random): (arrival: Arrival, weather: Weather) => Asked {
  const classes = createMix(REQUEST_CLASSES)
  const prompts = createMix(PROMPTS)
  const [models, loras, regions, tiers, tenants] = [
    createMix(MODELS),
    createMix(LORAS),
    createMix(REGIONS),
    createMix(TIERS),
    createMix(TENANTS),
  ]
  const { unit } = random
  return ({ number, startUnixMs, router }, weather) => {
    const { name, images } = classes(unit(), weather.classWeights)
    const isCanary = weather.canaryShare > 0 && unit() < weather.canaryShare
    // One plain literal: a day draws millions.
    return {
      number,
      startUnixMs,
      router,
      route: ROUTE,
      class: name,
      images,
      model: models(unit()).name,
      lora: loras(unit()).name,
      variant: isCanary ? CANARY_VARIANT : STABLE_VARIANT,
      region: regions(unit()).name,
      tenant: tenants(unit()).name,
      tier: tiers(unit()).name,
      session: `session-${Math.floor(unit() * SESSIONS)}`,
      promptTokens: prompts(unit(), weather.promptWeights).tokens,
    }
  }
}

/** Picks by weight, by other weights where some are given. */
function createMix<T extends { readonly weight: number }>(items: readonly T[]) {
  const own = items.map(({ weight }) => weight)
  const ownTotal = own.reduce((sum, weight) => sum + weight, 0)
  return (unit: number, weights?: readonly number[]): T => {
    const total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : ownTotal
    let rest = unit * total
    const shares = weights ?? own
    let index = 0
    while (index < items.length - 1) {
      rest -= shares[index] ?? 0
      if (rest < 0) break
      index++
    }
    return items[index] as T
  }
}
