import type { Effect, Scenario } from './scenario.ts'
import type { EventName } from './scenario-events.ts'
import { FOLLOWS, faulty } from './scenarios-outage.ts'

// Capacity that does not come, queues, limits of others, and the fallback.

const TOLERATED = [...FOLLOWS, 'requests-failing']
const says = (events: readonly EventName[], everyS = 15): Effect => ({
  does: 'event',
  events,
  everyS,
})
/** Five times what usually waits, and six replicas that do not come. */
const queue: Effect = { does: 'gauge', gauge: 'queue', value: 66 }
const wanted: readonly Effect[] = [queue, { does: 'gauge', gauge: 'desired', value: 26 }]
const QUEUE_TOLD = ['new-error-template']

export const PLATFORM_SCENARIOS: readonly Scenario[] = [
  faulty({
    name: 'autoscaler-decision',
    seed: 50,
    kind: 'the autoscaler has no metric to decide by',
    effects: [queue, says(['no-metric', 'no-replicas-computed', 'keda-failed'])],
    expects: ['autoscaler-failing', 'autoscaler-decision-failing', 'queue-growing'],
    tolerates: QUEUE_TOLD,
  }),
  faulty({
    name: 'autoscaler-quota',
    seed: 51,
    kind: 'no quota for more GPUs',
    effects: [...wanted, says(['unschedulable', 'group-at-limit'])],
    expects: ['autoscaler-failing', 'autoscaler-quota', 'autoscaler-stuck', 'queue-growing'],
    tolerates: QUEUE_TOLD,
  }),
  faulty({
    name: 'autoscaler-provisioning',
    seed: 52,
    kind: 'the cloud gives no nodes',
    effects: [...wanted, says(['scale-up-failed', 'scale-up-late'], 30)],
    expects: ['autoscaler-failing', 'autoscaler-provisioning', 'autoscaler-stuck', 'queue-growing'],
    tolerates: QUEUE_TOLD,
  }),
  faulty({
    name: 'image-pull',
    seed: 53,
    kind: 'the image cannot be pulled',
    effects: [...wanted, says(['pull-failed', 'pull-error', 'pull-backoff'])],
    expects: ['image-pull-failing', 'autoscaler-stuck', 'queue-growing'],
    tolerates: QUEUE_TOLD,
  }),
  faulty({
    name: 'model-load',
    seed: 54,
    kind: 'new workers cannot load their model',
    effects: [
      ...[...wanted, says(['unhealthy', 'crash-loop'])],
      { does: 'log', texts: ['load-failed', 'load-slow'], workers: 6, everyS: 5 },
    ],
    expects: ['model-load-failing', 'autoscaler-stuck', 'queue-growing'],
    tolerates: QUEUE_TOLD,
  }),
  faulty({
    name: 'autoscaler-at-max',
    seed: 55,
    kind: 'all replicas that are allowed, and not enough',
    effects: [
      queue,
      { does: 'gauge', gauge: 'desired', value: 28 },
      { does: 'gauge', gauge: 'available', value: 28 },
    ],
    expects: ['autoscaler-at-max', 'queue-growing'],
  }),
  faulty({
    name: 'queue-five-fold',
    seed: 56,
    kind: 'the queue grows five-fold',
    effects: [queue],
    expects: ['queue-growing'],
  }),
  faulty({
    name: 'queue-five-fold-per-worker',
    seed: 57,
    load: { queuesPerWorker: true },
    kind: 'every worker has a queue, and all grow from one to twelve',
    effects: [{ does: 'gauge', gauge: 'worker-queue', value: 12 }],
    expects: ['queue-growing'],
  }),
  faulty({
    name: 'scale-up-that-works',
    seed: 58,
    kind: 'more replicas, a minute later ready',
    effects: [{ does: 'gauge', gauge: 'queue', value: 26 }, says(['rescaled', 'pulled'])],
    expects: [],
  }),
  faulty({
    name: 'pods-without-cpu',
    seed: 59,
    kind: 'pods that need no GPU find no node',
    effects: [says(['cpu-unschedulable'])],
    expects: [],
    tolerates: ['new-error-template'],
  }),
  faulty({
    name: 'rate-limited',
    seed: 60,
    kind: 'the primary answers 429 to a third',
    effects: [{ does: 'fail', share: 0.33, failure: 'rate-limited' }],
    expects: ['rate-limited'],
    tolerates: TOLERATED,
  }),
  faulty({
    name: 'credit-exhausted',
    seed: 61,
    kind: 'the account has no credit left',
    effects: [{ does: 'fail', share: 1, failure: 'no-credit' }],
    expects: [
      ...['credit-exhausted', 'primary-failing', 'primary-failing-fast', 'requests-failing'],
      ...['primary-failing-low-traffic', 'slo-burn'],
    ],
    tolerates: FOLLOWS,
  }),
  faulty({
    name: 'fallback-failing',
    seed: 62,
    load: { fallbackShare: 0.4 },
    kind: 'the fallback fails under load',
    effects: [{ does: 'fail', share: 0.6, failure: 'crash', where: { target: 'edge-local' } }],
    expects: ['fallback-failing', 'requests-failing'],
    tolerates: [...TOLERATED, 'stage-failing'],
  }),
  faulty({
    name: 'fallback-saturated',
    seed: 63,
    load: { fallbackShare: 0.4 },
    kind: 'the fallback is full',
    effects: [
      { does: 'fail', share: 0.25, failure: 'queue-full', where: { target: 'edge-local' } },
      { does: 'slow', times: 4, where: { target: 'edge-local' } },
    ],
    expects: ['fallback-saturated'],
    tolerates: [
      ...[...TOLERATED, 'fallback-failing', 'latency-p95', 'latency-p50-drift'],
      'latency-p95-drift',
    ],
  }),
]
