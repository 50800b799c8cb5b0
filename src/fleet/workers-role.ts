import { startAll, stopAll } from '../lib/part.ts'
import type { Command, Role, Tell } from './messages.ts'
import { createRandom } from './random.ts'
import type { WorkersConfig } from './role-config.ts'
import { createSenders, type Senders } from './senders.ts'
import { createWorker, type Worker } from './worker.ts'

interface Instance {
  readonly worker: Worker
  readonly senders: Senders
}

const LOAD_EVERY_MS = 500

/** All workers of one target in one process, each with its own port and its own OTel resource. */
export async function startWorkers(config: WorkersConfig, tell: Tell): Promise<Role> {
  const random = createRandom(config.seed).fork(config.target)
  const instances: Instance[] = []

  const add = async () => {
    const name = `${config.target}-${String(instances.length + 1).padStart(2, '0')}`
    const senders = createSenders({
      otlpUrl: config.otlpUrl,
      metricEveryMs: config.metricEveryMs,
      resource: {
        'service.name': 'sd-worker',
        'service.instance.id': name,
        'signalbox.component': 'worker',
        'signalbox.target': config.target,
      },
    })
    const worker = createWorker({ ...config, name, senders, random: random.fork(name) })
    instances.push({ worker, senders })
    await startAll([worker])
  }
  const scale = async (count: number) => {
    while (instances.length < count) await add()
    const urls = instances.map(({ worker }) => worker.url)
    tell({ type: 'endpoints', target: config.target, urls })
  }
  await scale(config.count)
  const timer = setInterval(() => {
    const stats = instances.map(({ worker }) => worker.stats())
    const busy = stats.reduce((sum, one) => sum + one.busy, 0)
    const queued = stats.reduce((sum, one) => sum + one.queued, 0)
    tell({ type: 'load', target: config.target, load: { busy, queued } })
  }, LOAD_EVERY_MS)

  return {
    async command(command: Command) {
      if (command.type === 'scale') await scale(command.count)
      if (command.type === 'fail') {
        for (const { worker } of instances.slice(0, command.instances)) worker.fail(command.fault)
      }
    },
    async stop() {
      clearInterval(timer)
      await stopAll(instances.map(({ worker }) => worker))
      await Promise.all(instances.map(({ senders }) => senders.shutdown()))
    },
  }
}
