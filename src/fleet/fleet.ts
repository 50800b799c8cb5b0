import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import {
  FALLBACK,
  type FleetOptions,
  PRIMARY,
  planAutoscaler,
  planRouter,
  planUsers,
  planWorkers,
} from './fleet-plan.ts'
import type { Command, Report } from './messages.ts'
import type { RoleConfig } from './role-config.ts'
import type { WorkerFaultName } from './worker-faults.ts'

/**
 * The simulated fleet: two routers, the GPU workers of two targets, an autoscaler and users, each
 * in a process of its own, joined here as Kubernetes and DNS would join them.
 */
export interface Fleet {
  readonly routers: readonly FleetRouter[]
  /** Starts everything that sends telemetry; users wait for a rate. */
  connect(urls: { readonly otlpUrl: string; readonly controllerUrl: string }): Promise<void>
  setRate(requestsPerS: number): void
  /** False: no nodes can be had for more replicas. */
  setProvisioning(works: boolean): void
  /** Makes the first `instances` workers of a target fail in these words; without a fault, heals. */
  fail(
    place: { readonly target: string; readonly instances: number },
    fault?: WorkerFaultName,
  ): void
  /** What users were answered since the last call. */
  takeAnswers(): Answers
  readonly replicas: Replicas
  /** Users first, then routers with their last spans, then the rest. Safe twice. */
  stop(): Promise<void>
  /** NDJSON; complete after `stop`. */
  readonly ledgerFiles: readonly string[]
}

export interface FleetRouter {
  readonly name: string
  readonly url: string
  readonly webhookUrl: string
  readonly secret: string
}

export interface Answers {
  readonly ok: number
  readonly failed: number
}

export interface Replicas {
  readonly desired: number
  readonly available: number
}

/** Starts the routers, which listen; `connect` starts the rest. @throws Error when a role fails */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const children = createChildren(options)
  const routers = await Promise.all(
    options.secrets.map(async (secret, index): Promise<FleetRouter> => {
      const config = planRouter(options, index)
      let place = { url: '', webhookUrl: '' }
      await children.start(config.name, config, (report) => {
        if (report.type === 'listening') place = report
      })
      return { name: config.name, secret, url: place.url, webhookUrl: place.webhookUrl }
    }),
  ).catch(async (fault: unknown) => {
    await children.stop()
    throw fault
  })
  const links = createLinks(options, {
    tell: children.tell,
    routers: routers.map(({ name }) => name),
  })

  return {
    routers,
    ledgerFiles: children.ledgerFiles,
    async connect({ otlpUrl, controllerUrl }) {
      const connected = routers.map(({ name }) => children.next(name, 'connected'))
      links.tellRouters({ type: 'connect', otlpUrl, controllerUrl })
      await Promise.all(connected)
      const { primary, fallback } = planWorkers(options, otlpUrl)
      await children.start(PRIMARY, primary, links.hear)
      await children.start(FALLBACK, fallback, links.hear)
      await children.start('autoscaler', planAutoscaler(options, otlpUrl), links.hear)
      const urls = routers.map(({ url }) => url)
      await children.start('users', planUsers(options, urls), links.hear)
    },
    setRate: (requestsPerS) => children.tell('users', { type: 'rate', requestsPerS }),
    setProvisioning: (works) => children.tell('autoscaler', { type: 'provisioning', works }),
    fail: ({ target, instances }, fault) =>
      children.tell(target, { type: 'fail', instances, ...(fault && { fault }) }),
    takeAnswers: links.takeAnswers,
    get replicas() {
      return links.replicas
    },
    stop: children.stop,
  }
}

/** The processes by name. */
function createChildren({ entry: given }: FleetOptions) {
  const entry = given ?? fileURLToPath(new URL('./main.js', import.meta.url))
  const byName = new Map<string, Child>()
  const ledgerFiles: string[] = []
  return {
    ledgerFiles,
    async start(name: string, config: RoleConfig, onReport: (report: Report) => void) {
      if ('ledgerFile' in config) ledgerFiles.push(config.ledgerFile)
      byName.set(name, await startChild({ entry, config, onReport }))
    },
    tell(name: string, command: Command) {
      byName.get(name)?.tell(command)
    },
    next: async (name: string, type: Report['type']) => byName.get(name)?.next(type),
    async stop() {
      await byName.get('users')?.stop()
      await Promise.all([...byName.values()].map((child) => child.stop()))
    },
  }
}

interface LinkOptions {
  readonly routers: readonly string[]
  tell(name: string, command: Command): void
}

/** What the platform passes on: endpoints to routers, load to the autoscaler, replicas to workers. */
function createLinks(options: FleetOptions, { routers, tell }: LinkOptions) {
  let replicas: Replicas = { desired: options.replicas, available: options.replicas }
  let answers: Answers = { ok: 0, failed: 0 }
  const tellRouters = (command: Command) => {
    for (const name of routers) tell(name, command)
  }
  return {
    tellRouters,
    hear(report: Report) {
      if (report.type === 'endpoints') tellRouters(report)
      if (report.type === 'answers') {
        answers = { ok: answers.ok + report.ok, failed: answers.failed + report.failed }
      }
      if (report.type === 'load' && report.target === PRIMARY) {
        tell('autoscaler', { type: 'load', load: report.load })
      }
      if (report.type === 'replicas') {
        if (report.available > replicas.available) {
          tell(PRIMARY, { type: 'scale', count: report.available })
        }
        replicas = { desired: report.desired, available: report.available }
      }
    },
    takeAnswers() {
      const taken = answers
      answers = { ok: 0, failed: 0 }
      return taken
    },
    get replicas() {
      return replicas
    },
  }
}
