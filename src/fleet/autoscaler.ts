import {
  failedScheduling,
  failedToScaleUpGroup,
  type KubernetesEvent,
  notTriggerScaleUp,
  scaleUpTimedOut,
  successfulRescale,
  triggeredScaleUp,
} from './kubernetes-events.ts'

/**
 * A horizontal pod autoscaler with a cluster autoscaler behind it: the first wants replicas by
 * load, the second has to find nodes for them, and in the outage cannot. Scaling down is held back
 * (`stabilizationWindowSeconds`), so that a relieved deployment keeps what it asked for.
 */
export interface Autoscaler {
  /** One sync period: what is wanted, what is there, and what was said about it. */
  step(load: DeploymentLoad): readonly KubernetesEvent[]
  readonly desired: number
  readonly available: number
  /** False: no nodes can be had. */
  provisioning: boolean
}

export interface DeploymentLoad {
  readonly busy: number
  readonly queued: number
}

export interface AutoscalerOptions {
  readonly deployment: string
  readonly replicas: number
  readonly replicasMax: number
  /** Pods that become ready per sync period once nodes are there. */
  readonly startsPerStep: number
  /** Sync periods until cluster-autoscaler gives a node group up. */
  readonly stepsUntilTimeout: number
}

// Five requests in progress or waiting per four replicas are wanted; Kubernetes scales when the load is
// off by more than a tenth.
const LOAD_WANTED = 1.25
const TOLERANCE = 0.1
const NODE_COUNT = 6
/** Events repeat for a few pods; the others' say the same. */
const POD_COUNT_TOLD = 3

export function createAutoscaler(options: AutoscalerOptions): Autoscaler {
  const group = `${options.deployment}-gpu`
  let desired = options.replicas
  let available = options.replicas
  let provisioning = true
  let stepsPending = 0
  const recorder = createRecorder(options.deployment)

  const rescale = ({ busy, queued }: DeploymentLoad): KubernetesEvent[] => {
    const ratio = (busy + queued) / Math.max(1, available) / LOAD_WANTED
    if (ratio <= 1 + TOLERANCE) return []
    // As the controller's default policy: at most twice the current size at once.
    const wanted = Math.min(options.replicasMax, 2 * available, Math.ceil(available * ratio))
    if (wanted <= desired) return []
    desired = wanted
    return [recorder.ofDeployment(successfulRescale(desired))]
  }
  const provision = (): KubernetesEvent[] => {
    const to = Math.min(desired, available + options.startsPerStep)
    const said = triggeredScaleUp({ group, from: available, to })
    stepsPending = 0
    available = to
    return [recorder.ofPod(0, said)]
  }
  const refuse = (): KubernetesEvent[] => {
    stepsPending += 1
    const events: KubernetesEvent[] = []
    for (let pod = 0; pod < Math.min(POD_COUNT_TOLD, desired - available); pod++) {
      events.push(recorder.ofPod(pod, failedScheduling(NODE_COUNT)))
    }
    events.push(recorder.ofPod(0, notTriggerScaleUp(NODE_COUNT)))
    if (stepsPending % 4 === 2) events.push(recorder.ofDeployment(failedToScaleUpGroup(group)))
    if (stepsPending % options.stepsUntilTimeout === 0) {
      events.push(recorder.ofDeployment(scaleUpTimedOut(group)))
    }
    return events
  }
  return {
    step(load) {
      const events = rescale(load)
      if (desired === available) return events
      return [...events, ...(provisioning ? provision() : refuse())]
    },
    get desired() {
      return desired
    },
    get available() {
      return available
    },
    get provisioning() {
      return provisioning
    },
    set provisioning(works) {
      provisioning = works
    },
  }
}

/** Counts repetitions as the event recorder of Kubernetes does: same uid, growing count. */
function createRecorder(deployment: string) {
  const counts = new Map<string, number>()
  type Said = Pick<KubernetesEvent, 'type' | 'reason' | 'message'>
  const record = (object: KubernetesEvent['object'], said: Said): KubernetesEvent => {
    const uid = `${object.name}.${said.reason}`
    const count = (counts.get(uid) ?? 0) + 1
    counts.set(uid, count)
    return { ...said, object, uid, count }
  }
  return {
    ofPod: (index: number, said: Said) =>
      record({ kind: 'Pod', name: `${deployment}-7c9f4d-pending${index}` }, said),
    ofDeployment: (said: Said) =>
      record({ kind: 'HorizontalPodAutoscaler', name: deployment }, said),
  }
}
