import type { ApiDeps } from '../../src/api/deps.ts'
import type { RouteAction, RouteActionResult } from '../../src/model/action.ts'
import type { StateData, StateDocument } from '../../src/model/desired.ts'
import type { ReceivedStatus } from '../../src/model/router-status.ts'

/** A state that a test can move forward, and the dependencies of an API that shows it. */
export interface FakeBackend {
  readonly deps: ApiDeps
  state: StateDocument
  action: (route: string, action: RouteAction) => RouteActionResult
  readonly statuses: ReceivedStatus[]
  readonly refusing: string[]
  reloadErrors: ReturnType<ApiDeps['reload']>
}

export function stateData(version: number, generation = version): StateData {
  return {
    version,
    route: 'preview',
    epoch: 1,
    generation,
    previous_generation: generation - 1,
    state: 'primary',
    desired: {
      targets: [{ target: 'cloud-eu', weight: 1 }],
      rescue: { order: [], max_rps: 0, attempt_timeout_ms: 3_000 },
      new_requests_only: true,
    },
    on_controller_loss: { after_s: 30, then: 'hold' },
    reason: { actor: 'signalbox' },
    policy_revision: 1,
    decided_at: '2026-01-11T14:26:37.304Z',
    dry_run: false,
    state_url: 'http://127.0.0.1/api/v1/state',
  }
}

export function createBackend(
  authorize: ApiDeps['authorize'] = () => ({ status: 'ok', actor: 'local' }),
): FakeBackend {
  const backend: FakeBackend = {
    state: { epoch: 1, version: 1, routes: { preview: stateData(1) } },
    action: () => ({ status: 'not_found' }),
    statuses: [],
    refusing: [],
    reloadErrors: [],
    deps: undefined as never,
  }
  const deps: ApiDeps = {
    authorize,
    routes: {
      state: () => backend.state,
      views: () => [],
      view: () => undefined,
      explain: () => ({}),
      act: (route, action) => backend.action(route, action),
      pause: () => {},
      resume: () => {},
      outcomes: () => [],
    },
    routers: {
      status(received) {
        backend.statuses.push(received)
        return { epoch: backend.state.epoch, version: backend.state.version }
      },
      forget: (router) => router === 'router-1',
    },
    subscriptions: {
      list: () => [],
      get: () => undefined,
      create: () => Promise.reject(new Error('not in this test')),
      patch: async () => undefined,
      remove: () => false,
      test: async () => ({}),
      rotateSecret: () => undefined,
      deliveries: () => [],
      redeliver: () => false,
    },
    rules: { list: () => [], get: () => undefined },
    incidents: {
      list: () => [],
      get: () => undefined,
      ack: () => undefined,
      resolve: () => undefined,
      note: () => undefined,
      addAction: () => undefined,
      changeEvent: () => {},
    },
    reports: { report: () => Promise.reject(new Error('not in this test')), render: () => '' },
    backtests: { run: async () => ({ status: 'busy' }), running: () => undefined },
    silences: {
      list: () => [],
      create: (one) => ({ ...one, id: 'sil_1', created_at: one.ends_at }),
      remove: () => false,
    },
    health: { refusing: () => backend.refusing, degraded: () => [], metrics: async () => 'up 1\n' },
    reload: () => backend.reloadErrors,
  }
  return Object.assign(backend, { deps })
}
