import {
  failedScheduling,
  failedToScaleUpGroup,
  notTriggerScaleUp,
  scaleUpTimedOut,
  successfulRescale,
} from './kubernetes-events.ts'

/** What the platform says: a Kubernetes event's type, reason and message, and what it is about. */
export interface PlatformEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly object: 'Pod' | 'HorizontalPodAutoscaler' | 'ScaledObject' | 'Node'
}

export type EventName = keyof typeof EVENTS

const NODES = 6
const GROUP = 'sd-eu-gpu'
const warning = (reason: string, message: string) =>
  ({ type: 'Warning', reason, message, object: 'Pod' }) as const
const ofScaler = { object: 'HorizontalPodAutoscaler' } as const

export const EVENTS = {
  'no-metric': {
    ...warning(
      'FailedGetExternalMetric',
      'unable to get external metric inference/queue_depth: no metrics returned from external metrics API',
    ),
    ...ofScaler,
  },
  'no-replicas-computed': {
    ...warning(
      'FailedComputeMetricsReplicas',
      'invalid metrics (1 invalid out of 1), first error is: failed to get external metric',
    ),
    ...ofScaler,
  },
  'keda-failed': {
    ...warning('KEDAScalerFailed', 'error parsing prometheus metadata: no serverAddress given'),
    object: 'ScaledObject',
  },
  unschedulable: { ...failedScheduling(NODES), object: 'Pod' },
  'group-at-limit': { ...notTriggerScaleUp(NODES), object: 'Pod' },
  'scale-up-failed': { ...failedToScaleUpGroup(GROUP), object: 'HorizontalPodAutoscaler' },
  'scale-up-late': { ...scaleUpTimedOut(GROUP), object: 'HorizontalPodAutoscaler' },
  rescaled: { ...successfulRescale(24), object: 'HorizontalPodAutoscaler' },
  'pull-failed': warning(
    'Failed',
    'Failed to pull image "registry.example/sd-worker:v42": rpc error: code = NotFound: manifest unknown',
  ),
  'pull-error': warning('Failed', 'Error: ErrImagePull'),
  'pull-backoff': warning(
    'BackOff',
    'Back-off pulling image "registry.example/sd-worker:v42": ErrImagePull',
  ),
  'crash-loop': warning(
    'BackOff',
    'Back-off restarting failed container sd-worker in pod sd-eu-7c9f4d',
  ),
  unhealthy: warning('Unhealthy', 'Startup probe failed: HTTP probe failed with statuscode: 503'),
  'host-oom': {
    ...warning('OOMKilling', 'Memory cgroup out of memory: Killed process 4242 (python3)'),
    object: 'Node',
  },
  'oom-killed': warning(
    'OOMKilled',
    'Container sd-worker was terminated: OOMKilled, exit code 137',
  ),
  // The daily noise of a well cluster.
  pulled: {
    ...{ type: 'Normal', reason: 'Pulled', object: 'Pod' },
    message: 'Successfully pulled image "registry.example/sd-worker:v41" in 41.2s',
  },
  'cpu-unschedulable': warning(
    'FailedScheduling',
    `0/${NODES} nodes are available: ${NODES} Insufficient cpu. preemption: not helpful`,
  ),
} as const satisfies Readonly<Record<string, PlatformEvent>>
