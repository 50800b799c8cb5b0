import type { Desired, StateData, StateDocument, TargetShare } from '../model/desired.ts'

// Written by hand: a schema library would weigh more than the whole client.

/** Undefined unless `value` is a document that can be served: at least one target of positive weight. */
export function parseStateData(value: unknown): StateData | undefined {
  if (!isRecord(value) || !isRecord(value.desired)) return undefined
  const { route, epoch, generation, version, on_controller_loss: loss } = value
  if (typeof route !== 'string' || route === '') return undefined
  if (!isCount(epoch) || !isCount(generation) || !isCount(version)) return undefined
  const desired = parseDesired(value.desired)
  if (!desired) return undefined
  const afterS = isRecord(loss) && isAmount(loss.after_s) ? loss.after_s : 30
  const then = isRecord(loss) && loss.then === 'revert' ? 'revert' : 'hold'
  return {
    ...(value as unknown as StateData),
    desired,
    on_controller_loss: { after_s: afterS, then },
  }
}

/** Leaves out routes that cannot be served; undefined when it is no state document at all. */
export function parseStateDocument(value: unknown): StateDocument | undefined {
  if (!isRecord(value) || !isCount(value.version) || !isRecord(value.routes)) return undefined
  const routes = Object.fromEntries(
    Object.entries(value.routes).flatMap(([route, raw]) => {
      const data = parseStateData(raw)
      return data?.route === route ? [[route, data]] : []
    }),
  )
  return { epoch: isCount(value.epoch) ? value.epoch : 0, version: value.version, routes }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseDesired(value: Readonly<Record<string, unknown>>): Desired | undefined {
  if (!Array.isArray(value.targets)) return undefined
  const targets = (value.targets as unknown[]).map(parseShare)
  if (!targets.every((share) => share !== undefined)) return undefined
  if (!targets.some((share) => share.weight > 0)) return undefined
  const rescue = isRecord(value.rescue) ? value.rescue : {}
  const order = Array.isArray(rescue.order) ? rescue.order : []
  return {
    ...(value as unknown as Desired),
    targets,
    rescue: {
      order: order.filter((target): target is string => typeof target === 'string'),
      max_rps: isAmount(rescue.max_rps) ? rescue.max_rps : 0,
      attempt_timeout_ms: isAmount(rescue.attempt_timeout_ms) ? rescue.attempt_timeout_ms : 3_000,
    },
  }
}

function parseShare(value: unknown): TargetShare | undefined {
  if (!isRecord(value) || typeof value.target !== 'string' || value.target === '') return undefined
  if (!isAmount(value.weight)) return undefined
  if (value.max_rps !== undefined && !isAmount(value.max_rps)) return undefined
  if (value.only !== undefined && !isOnly(value.only)) return undefined
  return value as unknown as TargetShare
}

function isOnly(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((allowed) => Array.isArray(allowed))
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0
}
