import type { ApiDeps } from '../api/deps.ts'
import type { Backtester } from '../backtest/backtester.ts'
import type { LiveAlerts } from '../config/live-alerts.ts'
import { packagePath } from '../config/package-files.ts'
import type { Correlator } from '../correlate/correlator.ts'
import type { Controller } from '../decide/controller.ts'
import type { Delivery } from '../deliver/delivery.ts'
import type { Detector } from '../detect/detector.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Pager } from '../page/pager.ts'
import { createReporter, type ReporterOptions } from '../report/reporter.ts'
import type { Recorder } from '../store/recorder.ts'
import type { Storage } from '../store/storage.ts'

export interface Joined
  extends Pick<ReporterOptions, 'theta' | 'quietForMs' | 'latenessMs' | 'timings'> {
  readonly live: LiveAlerts
  readonly storage: Storage
  readonly recorder: Recorder
  readonly detector: Detector
  readonly controller: Controller
  readonly delivery: Delivery
  readonly correlator: Correlator
  readonly pager: Pager
  readonly backtester: Backtester
}

/** What people and routers may ask of the stages. */
export function toApi(all: Joined): Omit<ApiDeps, 'authorize' | 'health'> {
  const { recorder, detector, controller, delivery, correlator, pager, live, storage } = all
  const onStatus = (received: ReceivedStatus) => {
    const { router, status } = received
    detector.during(() => {
      const receivedUnixMs = recorder.status(received)
      controller.status(received)
      detector.status({ ...received, receivedUnixMs })
    })
    for (const [route, pair] of Object.entries(status.observed)) {
      delivery.observed({ router, route, pair })
    }
    const { epoch, version } = controller.state()
    return { epoch, version }
  }
  const onGoodbye = (router: string) => {
    detector.forgetRouter(router, recorder.goodbye(router))
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
    backtests: all.backtester,
    reload: () =>
      live.reload((next) => {
        detector.reload(next.rules)
        controller.reload(next.failover)
        delivery.reload(next.subscribers)
        pager.reload(next.oncall)
      }),
  }
}
