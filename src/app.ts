import { deferDeps } from './api/deferred-deps.ts'
import { createHealth } from './api/health.ts'
import { createApi } from './api/server.ts'
import { createStateFeed, type StateFeed } from './api/state-feed.ts'
import { toApi } from './app/to-api.ts'
import { createBacktester } from './backtest/backtester.ts'
import { createLiveAlerts, summarize } from './config/live-alerts.ts'
import { packagePath, VERSION } from './config/package-files.ts'
import { createPrivateNames } from './config/private-names.ts'
import type { Environment, Settings } from './config/settings.ts'
import { createTimings } from './config/timings.ts'
import { createAuthorize } from './config/tokens.ts'
import { createCorrelator } from './correlate/correlator.ts'
import { createController } from './decide/controller.ts'
import { createConfiguredDecoder } from './decode/configured-decoder.ts'
import { createDeadlines } from './decode/deadlines.ts'
import { createDelivery } from './deliver/delivery.ts'
import { checkAlerts } from './detect/check-alerts.ts'
import { createDetector } from './detect/detector.ts'
import { createKeysRead, createSpanInterest } from './detect/span-interest.ts'
import { createSystemClock } from './lib/clock.ts'
import { AppError, type ErrorPlace } from './lib/errors.ts'
import { type Part, startAll, stopAll } from './lib/part.ts'
import { toSequenceMs } from './lib/sequence.ts'
import { type Addresses, renderUrl } from './model/addresses.ts'
import type { DecodedBatch } from './model/batch.ts'
import type { Transition } from './model/route.ts'
import type { Verdict } from './model/verdict.ts'
import { createPager } from './page/pager.ts'
import { createDoor } from './receive/door.ts'
import { openKeyedHash } from './receive/keyed-hash.ts'
import { createReceivers } from './receive/receivers.ts'
import { createRecorder } from './store/recorder.ts'
import { createStorage } from './store/storage.ts'
import { createAllEvents } from './telemetry/all-events.ts'
import { createTelemetry } from './telemetry/telemetry.ts'
import { createTracing } from './telemetry/tracing.ts'

export interface App {
  /** @throws AppError when a port is taken or the database is not ours */
  start(): Promise<Addresses>
  /** Finishes what was accepted, then stops everything in reverse. Safe twice and unstarted. */
  stop(): Promise<void>
  /** Reads the alerts again. Returns their faults; then nothing was changed. */
  reload(): readonly ErrorPlace[]
  /** One line for people: what the alerts folder makes this server do. */
  summary(): string
}

export interface AppOptions {
  readonly settings: Settings
  readonly env: Environment
  /** Divides every duration, for rehearsals; default 1. */
  readonly speed?: number
}

/**
 * Everything in one process. Parts start in this order and stop in reverse, so that nothing is
 * received before it can be kept, and nothing accepted is left behind.
 *
 * @throws AppError CONFIG_INVALID, DATA_DIR_LOCKED
 */
export function createApp(options: AppOptions): App {
  const base = createBase(options)
  const { settings, clock, events, storage, authorize, telemetry } = base
  const { host } = settings
  let joined: Stages | undefined
  const stages = () => {
    if (joined) return joined
    throw new AppError('NOT_READY', 'still starting; try again in a second')
  }
  const feed = createStateFeed({ state: () => stages().controller.state(), clock })
  const deps = deferDeps({ authorize, health: createHealth(base) }, () => stages().api)
  const api = createApi({
    ...{ host, port: settings.port, webDir: packagePath('dist/web'), version: VERSION },
    ...{ deps, feed, clock, events: events.api },
  })
  const publicUrl = () => renderUrl(host, api.port)
  // Built once the console's port is known, because webhooks and pages carry its address.
  const middle: Part = {
    name: 'stages',
    start() {
      joined = createStages({ ...base, feed, publicUrl: publicUrl() })
      return startAll(joined.parts)
    },
    stop: () => stopAll(joined?.parts ?? []),
  }
  const receivers = createReceivers({
    ...{ ...settings, authorize, clock, events: events.receive },
    ingest: (request) => stages().ingest(request),
  })
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = options.env
  const tracing = createTracing({ endpoint, ownPorts: receivers.ports, telemetry })
  const parts = [...storage.parts, api, middle, receivers, tracing]
  return {
    async start() {
      await startAll(parts)
      return {
        ...{ http: publicUrl(), ...receivers.addresses() },
        ...{ clickhouse: storage.url(), pid: process.pid, version: VERSION },
      }
    },
    stop: () => stopAll(parts),
    reload: () => stages().api.reload(),
    summary: () => summarize(base.live.alerts()),
  }
}

type Base = ReturnType<typeof createBase>

/** What every stage is given: settings, time, telemetry, storage, and the alerts in force. */
function createBase({ settings, env, speed = 1 }: AppOptions) {
  const clock = createSystemClock()
  const timings = createTimings(speed)
  const telemetry = createTelemetry({ logLevel: settings.log_level })
  const events = createAllEvents(telemetry)
  const live = createLiveAlerts({ dir: settings.alerts_dir, env, speed })
  // First of all: it holds the data directory's lock.
  const seal = () => decoder.seal()
  const storage = createStorage({ settings, clock, events: events.store, seal })
  const names = createPrivateNames(settings.telemetry.privacy)
  const hash = openKeyedHash(settings.data_dir)
  const decoder = createConfiguredDecoder({
    ...{ settings, timings, names, hash, topology: live.topology, jobEvents: events.decode },
    spanInterest: createSpanInterest(() => live.alerts().rules),
    keysRead: createKeysRead(() => live.alerts().rules),
  })
  return {
    ...{ settings, speed, clock, timings, telemetry, events, live, storage, decoder, names, hash },
    ...{ store: storage.state, theta: settings.report.theta },
    quietForMs: Math.round(settings.report.quiet_for / speed),
    latenessMs: Math.round(settings.telemetry.lateness / speed),
    authorize: createAuthorize(settings.tokens_file),
  }
}

type Stages = ReturnType<typeof createStages>

type Seen = Pick<DecodedBatch, 'observations' | 'columns'>

/** The stages and who is told what: verdicts are decided on before they are told to people. */
function createStages(given: Base & { readonly feed: StateFeed; readonly publicUrl: string }) {
  const { settings, events, live, storage, publicUrl } = given
  const { rules, failover, subscribers, oncall } = live.alerts()
  const journal = storage.journal.write

  const recorder = createRecorder({ clock: given.clock, journal })
  const onObservations = ({ observations, columns }: Seen, seenAtUnixNs: bigint) =>
    detector.during(() => {
      controller.observe(observations)
      detector.observe(observations, toSequenceMs(seenAtUnixNs), columns)
      correlator.observe(observations)
    })
  const onVerdict = (verdict: Verdict) => {
    controller.verdict(verdict)
    correlator.verdict(verdict)
    recorder.verdict(verdict)
  }
  const onTransition = (step: Transition) => {
    correlator.transition(step)
    const atUnixMs = recorder.transition(step)
    for (const { router, observed_at, observed: pair } of step.view.routers) {
      if (pair && observed_at) delivery.observed({ router, route: step.route, pair })
    }
    if (!step.data) return
    if (step.evidence.isNewGeneration)
      detector.restart({ route: step.route, pair: step.data, atUnixMs })
    delivery.push(step.data, step.traceparent)
    given.feed.publish(step.data)
  }
  const shared = { ...given, journal }
  const detector = createDetector({
    ...{ ...shared, rules, topology: live.topology, publish: onVerdict, events: events.detect },
    ...{ refuse: recorder.verdict, pairOf: (attempt) => controller.pairOf(attempt) },
    ...{ pairAt: (route) => controller.state().routes[route], memory: storage.ruleMemory },
  })
  const controller = createController({
    ...{ ...shared, failover, publish: onTransition, events: events.decide },
    stateUrl: `${publicUrl}/api/v1/state`,
    subscribedRouters: (route) => delivery.subscribedRouters(route),
  })
  const delivery = createDelivery({
    ...{ ...shared, fileSubscribers: subscribers, egressAllow: settings.egress_allow },
    ...{ state: controller.state, answered: controller.answered, events: events.deliver },
    problem: (text, evidence) => correlator.problem({ name: 'delivery', text, evidence }),
    routerActive: controller.hears,
  })
  const correlator = createCorrelator({
    ...{ ...shared, closed: controller.incidentClosed, events: events.correlate },
    routeIncident: (route) => controller.view(route)?.incident,
    ...{ relatedRoutes: live.routesOf, publish: (change) => pager.change(change) },
  })
  const pager = createPager({
    ...{ ...shared, oncall, incident: correlator.get, recordPage: correlator.page },
    events: events.page,
  })
  const { nextSeenAt } = recorder
  const outlets = { nextSeenAt, observe: onObservations, append: storage.log.append }
  const ingest = createDoor({
    ...{ ...outlets, decode: given.decoder.decode },
    ...{ names: given.names, hash: given.hash, taken: storage.log.takeOver() },
    events: events.receive,
  })
  const deadlines = createDeadlines({ ...given, ...outlets })
  const backtester = createBacktester({
    ...{ settings, alerts: live.alerts, latenessMs: given.latenessMs, speed: given.speed },
    ...{ clock: given.clock, clickhouseUrl: storage.url, flush: storage.flush },
  })
  const parts = [correlator, pager, controller, delivery, detector, deadlines, backtester]
  const stages = { recorder, detector, controller, delivery, correlator, pager, backtester }
  const all = { ...given, ...stages }
  return { controller, ingest, parts, api: toApi(all) }
}

/** `signalbox check`: the command line reaches stages only through here. */
export const check = checkAlerts
