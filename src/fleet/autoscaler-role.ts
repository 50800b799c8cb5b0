import { SeverityNumber } from '@opentelemetry/api-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { createAutoscaler, type DeploymentLoad } from './autoscaler.ts'
import type { KubernetesEvent } from './kubernetes-events.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { Command, Role, Tell } from './messages.ts'
import type { AutoscalerConfig } from './role-config.ts'
import { createSenders, type Senders } from './senders.ts'

/** The controller judges averages: the load of a single moment is mostly chance. */
const LOADS_MAX = 8

/**
 * The autoscaler's process: what the Collector's `k8s_events` and `k8s_cluster` receivers would
 * send of it, in their shapes, and a word to the fleet when replicas became ready.
 */
export async function startAutoscaler(config: AutoscalerConfig, tell: Tell): Promise<Role> {
  const ledger = createLedger(config.ledgerFile)
  const autoscaler = createAutoscaler({
    ...config,
    startsPerStep: config.replicasMax,
    // 15 minutes of 15 s periods.
    stepsUntilTimeout: 60,
  })
  const cluster = createSenders({
    otlpUrl: config.otlpUrl,
    metricEveryMs: config.metricEveryMs,
    resource: resourceOf(config, {}),
    tapMetrics: (exporter) => recordReadings({ exporter, ledger, target: config.target }),
  })
  for (const name of ['desired', 'available'] as const) {
    cluster.meter.createObservableGauge(`k8s.deployment.${name}_pods`).addCallback((result) => {
      result.observe(autoscaler[name], { 'k8s.deployment.name': config.deployment })
    })
  }
  const events = createEventLog(config)
  const loads: DeploymentLoad[] = []

  const timer = setInterval(() => {
    const before = autoscaler.available
    const said = autoscaler.step(meanOf(loads))
    for (const event of said) events.write(event)
    if (said.some((event) => event.reason === 'FailedScheduling')) {
      ledger.write({ kind: 'shortage', target: config.target, atMs: Date.now() })
    }
    const { desired, available } = autoscaler
    if (said.length > 0 || available !== before) tell({ type: 'replicas', desired, available })
  }, config.everyMs)

  return {
    command(command: Command) {
      if (command.type === 'provisioning') autoscaler.provisioning = command.works
      if (command.type === 'load') loads.push(command.load)
      if (loads.length > LOADS_MAX) loads.shift()
    },
    async stop() {
      clearInterval(timer)
      await Promise.all([cluster.shutdown(), events.shutdown()])
      await ledger.close()
    },
  }
}

function meanOf(loads: readonly DeploymentLoad[]): DeploymentLoad {
  const mean = (of: (load: DeploymentLoad) => number) =>
    loads.reduce((sum, load) => sum + of(load), 0) / Math.max(1, loads.length)
  return { busy: mean((load) => load.busy), queued: mean((load) => load.queued) }
}

function resourceOf(config: AutoscalerConfig, attributes: Readonly<Record<string, string>>) {
  return {
    'service.name': 'cluster-autoscaler',
    'service.instance.id': 'cluster-autoscaler-0',
    'signalbox.component': 'autoscaler',
    'signalbox.target': config.target,
    ...attributes,
  }
}

/** Kubernetes events, each under the resource of its object, as the receiver shapes them. */
function createEventLog(config: AutoscalerConfig) {
  // A handful of objects: the deployment and the few pods that are told of.
  const byObject = new Map<string, Senders>()
  const sendersOf = ({ kind, name }: KubernetesEvent['object']) => {
    const known = byObject.get(name)
    if (known) return known
    const attributes = {
      'k8s.object.kind': kind,
      'k8s.object.name': name,
      'k8s.object.uid': `uid-${name}`,
      'k8s.object.api_version': kind === 'Pod' ? 'v1' : 'autoscaling/v2',
    }
    const senders = createSenders({
      otlpUrl: config.otlpUrl,
      metricEveryMs: 60_000,
      resource: resourceOf(config, attributes),
    })
    byObject.set(name, senders)
    return senders
  }
  return {
    write(event: KubernetesEvent) {
      const isWarning = event.type === 'Warning'
      sendersOf(event.object).logger.emit({
        severityNumber: isWarning ? SeverityNumber.WARN : SeverityNumber.INFO,
        severityText: event.type,
        body: event.message,
        attributes: {
          'k8s.event.reason': event.reason,
          'k8s.event.action': '',
          'k8s.event.name': event.uid,
          'k8s.event.uid': event.uid,
          'k8s.event.start_time': new Date().toISOString(),
          'k8s.event.count': event.count,
          'k8s.namespace.name': 'inference',
        },
      })
    },
    async shutdown() {
      await Promise.all([...byObject.values()].map((senders) => senders.shutdown()))
    },
  }
}

/** Writes down each reading exactly as it is sent, with the SDK's own time. */
function recordReadings(options: {
  readonly exporter: PushMetricExporter
  readonly ledger: Ledger
  readonly target: string
}): PushMetricExporter {
  const { exporter, ledger, target } = options
  return {
    export(metrics, done) {
      const points = metrics.scopeMetrics.flatMap((scope) =>
        scope.metrics.map(({ descriptor, dataPoints }) => ({
          name: descriptor.name,
          point: dataPoints[0],
        })),
      )
      const find = (name: string) => points.find((one) => one.name === name)?.point
      const available = find('k8s.deployment.available_pods')
      if (available) {
        const [seconds, nanoseconds] = available.endTime
        ledger.write({
          kind: 'replicas',
          target,
          atMs: seconds * 1_000 + nanoseconds / 1e6,
          desired: Number(find('k8s.deployment.desired_pods')?.value),
          available: Number(available.value),
        })
      }
      exporter.export(metrics, done)
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    ...(exporter.selectAggregationTemporality && {
      selectAggregationTemporality: exporter.selectAggregationTemporality.bind(exporter),
    }),
    ...(exporter.selectAggregation && {
      selectAggregation: exporter.selectAggregation.bind(exporter),
    }),
  }
}
