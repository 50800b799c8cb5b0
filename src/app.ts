import { deferDeps } from './api/deferred-deps.ts'
import type { ApiDeps } from './api/deps.ts'
import { createHealth } from './api/health.ts'
import { createApi } from './api/server.ts'
import { createStateFeed, type StateFeed } from './api/state-feed.ts'
import { createLiveAlerts, summarize } from './config/live-alerts.ts'
import { packagePath, VERSION } from './config/package-files.ts'
import { createPrivateNames } from './config/private-names.ts'
import type { Environment, Settings } from './config/settings.ts'
import { createTimings } from './config/timings.ts'
import { createAuthorize } from './config/tokens.ts'
import { type Correlator, createCorrelator } from './correlate/correlator.ts'
import { type Controller, createController } from './decide/controller.ts'
import { createConfiguredDecoder } from './decode/configured-decoder.ts'
import { createDeadlines } from './decode/deadlines.ts'
import { createDelivery, type Delivery } from './deliver/delivery.ts'
import { checkAlerts } from './detect/check-alerts.ts'
import { createDetector, type Detector } from './detect/detector.ts'
import { createSpanInterest } from './detect/span-interest.ts'
import { createSystemClock } from './lib/clock.ts'
import { AppError, type ErrorPlace } from './lib/errors.ts'
import { type Part, startAll, stopAll } from './lib/part.ts'
import { type Addresses, renderUrl } from './model/addresses.ts'
import type { Observation } from './model/observation.ts'
import type { Transition } from './model/route.ts'
import type { ReceivedStatus } from './model/router-status.ts'
import type { Verdict } from './model/verdict.ts'
import { createPager, type Pager } from './page/pager.ts'
import { createDoor } from './receive/door.ts'
import { openKeyedHash } from './receive/keyed-hash.ts'
import { createReceivers } from './receive/receivers.ts'
import { createReporter } from './report/reporter.ts'
import { createStorage } from './store/storage.ts'
import { toEvaluationRow, toTransitionRow } from './store/to-journal-row.ts'
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
  })
  return {
    ...{ settings, clock, timings, telemetry, events, live, storage, decoder, names, hash },
    ...{ store: storage.state, theta: settings.report.theta },
    quietForMs: Math.round(settings.report.quiet_for / speed),
    latenessMs: Math.round(settings.telemetry.lateness / speed),
    authorize: createAuthorize(settings.tokens_file),
  }
}

type Stages = ReturnType<typeof createStages>

/** The stages and who is told what: verdicts are decided on before they are told to people. */
function createStages(given: Base & { readonly feed: StateFeed; readonly publicUrl: string }) {
  const { settings, events, live, storage, publicUrl } = given
  const { rules, failover, subscribers, oncall } = live.alerts()
  const journal = storage.journal.write

  const onObservations = (observations: readonly Observation[]) => {
    controller.observe(observations)
    detector.observe(observations)
    correlator.observe(observations)
  }
  const keep = (one: Verdict) => journal('signalbox_rule_evaluations', toEvaluationRow(one))
  const onVerdict = (verdict: Verdict) => {
    controller.verdict(verdict)
    correlator.verdict(verdict)
    keep(verdict)
  }
  const onTransition = (step: Transition) => {
    correlator.transition(step)
    journal('signalbox_transitions', toTransitionRow(step))
    for (const { router, observed_at, observed: pair } of step.view.routers) {
      if (pair && observed_at) delivery.observed({ router, route: step.route, pair })
    }
    if (!step.data) return
    if (step.evidence.isNewGeneration) detector.restart({ route: step.route, pair: step.data })
    delivery.push(step.data, step.traceparent)
    given.feed.publish(step.data)
  }
  const shared = { ...given, journal }
  const detector = createDetector({
    ...{ ...shared, rules, topology: live.topology, publish: onVerdict, events: events.detect },
    ...{ refuse: keep, pairOf: (attempt) => controller.pairOf(attempt) },
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
  const outlets = { observe: onObservations, append: storage.log.append }
  const ingest = createDoor({
    ...{ ...outlets, decode: given.decoder.decode },
    ...{ names: given.names, hash: given.hash, taken: storage.log.takeOver() },
    events: events.receive,
  })
  const deadlines = createDeadlines({ ...given, ...outlets })
  const parts = [correlator, pager, controller, delivery, detector, deadlines]
  const all = { ...given, detector, controller, delivery, correlator, pager }
  return { controller, ingest, parts, api: toApi(all) }
}

interface Joined extends Base {
  readonly detector: Detector
  readonly controller: Controller
  readonly delivery: Delivery
  readonly correlator: Correlator
  readonly pager: Pager
}

/** What people and routers may ask of the stages. */
function toApi(all: Joined): Omit<ApiDeps, 'authorize' | 'health'> {
  const { detector, controller, delivery, correlator, pager, live, storage } = all
  const onStatus = (received: ReceivedStatus) => {
    const { router, status } = received
    controller.status(received)
    detector.status(received)
    for (const [route, pair] of Object.entries(status.observed)) {
      delivery.observed({ router, route, pair })
    }
    const { epoch, version } = controller.state()
    return { epoch, version }
  }
  const onGoodbye = (router: string) => {
    detector.forgetRouter(router)
    return controller.forgetRouter(router)
  }
  return {
    routes: { ...controller, outcomes: correlator.outcomes },
    routers: { status: onStatus, forget: onGoodbye },
    rules: { list: detector.rules, get: detector.rule },
    ...{ subscriptions: delivery, incidents: correlator, silences: pager.silences },
    reports: createReporter({
      ...{ ...all, clickhouse: storage.clickhouse, templatesDir: packagePath('templates') },
      ...{ incident: correlator.get, policy: live.policy, ruleLabels: live.ruleLabels },
      targets: () => live.alerts().failover.targets,
    }),
    reload: () =>
      live.reload((next) => {
        detector.reload(next.rules)
        controller.reload(next.failover)
        delivery.reload(next.subscribers)
        pager.reload(next.oncall)
      }),
  }
}

/** `signalbox check`: the command line reaches stages only through here. */
export const check = checkAlerts
