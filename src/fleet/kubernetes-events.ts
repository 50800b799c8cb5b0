/** A Kubernetes event before it is dressed as a log record. */
export interface KubernetesEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly object: { readonly kind: string; readonly name: string }
  /** Identity: the same event again comes with the same uid and a higher count. */
  readonly uid: string
  readonly count: number
}

type Say = Pick<KubernetesEvent, 'type' | 'reason' | 'message'>

// Texts as the scheduler, the horizontal pod autoscaler and cluster-autoscaler print them.
export const failedScheduling = (nodes: number): Say => ({
  type: 'Warning',
  reason: 'FailedScheduling',
  message:
    `0/${nodes} nodes are available: ${nodes} Insufficient nvidia.com/gpu. preemption: ` +
    `0/${nodes} nodes are available: ${nodes} No preemption victims found for incoming pod.`,
})

export const notTriggerScaleUp = (nodes: number): Say => ({
  type: 'Normal',
  reason: 'NotTriggerScaleUp',
  message: `pod didn't trigger scale-up: ${nodes} Insufficient nvidia.com/gpu, 1 max node group size reached`,
})

export const scaleUpTimedOut = (group: string): Say => ({
  type: 'Warning',
  reason: 'ScaleUpTimedOut',
  message: `Nodes added to group ${group} failed to register within 15m0s`,
})

export const failedToScaleUpGroup = (group: string): Say => ({
  type: 'Warning',
  reason: 'FailedToScaleUpGroup',
  message: `Scale-up failed for group ${group}: instance group has no capacity for accelerator nvidia-a10g`,
})

export const triggeredScaleUp = (change: {
  readonly group: string
  readonly from: number
  readonly to: number
}): Say => ({
  type: 'Normal',
  reason: 'TriggeredScaleUp',
  message: `pod triggered scale-up: [{${change.group} ${change.from}->${change.to} (max: ${change.to})}]`,
})

export const successfulRescale = (size: number): Say => ({
  type: 'Normal',
  reason: 'SuccessfulRescale',
  message: `New size: ${size}; reason: pods metric queue_depth above target`,
})
