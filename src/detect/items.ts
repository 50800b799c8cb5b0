import type { Topology } from '../config/topology.ts'
import type { FieldValue, Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Item } from './kind.ts'
import type { Template } from './templates.ts'

/** What is guarded or filled in when an observation becomes an item. */
export interface ItemOptions {
  /** Guarded event time. */
  readonly atUnixMs: number
  readonly heardMs: number
  readonly topology: Topology
  /** The template of a log's text. */
  templateOf(text: string): Template
}

export function toItem(observation: Observation, options: ItemOptions): Item {
  const { source, unit, weight, count = 1 } = observation
  const { atUnixMs } = options
  // A guarded time moves the item as a whole: its length stays what its own clock measured.
  const lengthMs = observation.atUnixMs - observation.startUnixMs
  const template = unit === 'log' ? templateReader(observation, options) : noTemplate
  return {
    unit,
    source,
    weight,
    count,
    atUnixMs,
    startUnixMs: atUnixMs - lengthMs,
    heardMs: options.heardMs,
    read(key) {
      const value = observation.field(key)
      if (value !== undefined) return value
      if (key === source.component) return source.id
      // Routers and autoscalers say what they are; whoever does not, and is asked, is a worker.
      if (key === 'worker' && source.component === 'other') return source.id
      if (key === 'role') return roleOf(observation, options.topology)
      return key === 'template' ? template()?.id : undefined
    },
    template,
  }
}

const noTemplate = () => undefined

/** Found once, and only for who asks: most rules look at no log's text. */
function templateReader(observation: Observation, { templateOf }: ItemOptions) {
  let found: Template | undefined
  return () => {
    found ??= templateOf(textOf(observation))
    return found
  }
}

/** What a log says: its body, else the exception or the event that it is about. */
function textOf(log: Observation): string {
  const body = log.field('body')
  if (body !== undefined && body !== '') return String(body)
  const exception = [log.field('exception.type'), log.field('exception.message')]
  const said = exception.filter((part) => part !== undefined && part !== '').join(': ')
  return said || String(log.field('event') ?? '')
}

function roleOf(observation: Observation, topology: Topology): FieldValue | undefined {
  const route = observation.field('route')
  const target = observation.field('target')
  if (typeof route !== 'string' || typeof target !== 'string') return undefined
  return topology.roleOf(route, target)
}

/**
 * A router's status as observations: one per route and target, with its counters as fields; one
 * without either when nothing was ever started, so that the router is heard all the same.
 */
export function statusObservations({
  router,
  receivedUnixMs,
  status,
}: ReceivedStatus): Observation[] {
  const base = {
    unit: 'status' as const,
    atUnixMs: receivedUnixMs,
    startUnixMs: receivedUnixMs,
    source: { id: router, component: 'router' as const },
    weight: 1,
  }
  const rows = Object.entries(status.routes).flatMap(([route, { targets }]) => {
    const pair = status.observed[route]
    const generation = pair && `${pair.epoch}.${pair.generation}`
    return Object.entries(targets).map(([target, counters]) => {
      const fields = new Map<string, FieldValue>(Object.entries(counters))
      fields.set('route', route).set('target', target)
      if (generation !== undefined) fields.set('generation', generation)
      return { ...base, field: (key: string) => fields.get(key) }
    })
  })
  return rows.length > 0 ? rows : [{ ...base, field: () => undefined }]
}
