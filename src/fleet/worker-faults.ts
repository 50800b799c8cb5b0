/**
 * Ways a GPU worker fails on cue, in the words that real ones print: rules that recognise these
 * texts in production must recognise them here. Collected from issue threads of the projects named.
 */
export interface WorkerFault {
  /** `exception.type` of the log record. */
  readonly exceptionType: string
  /** Body of the log record, and what the HTTP answer carries. */
  text(facts: { readonly gpu: number; readonly pid: number }): string
  /** The process is gone after it: the instance stops listening. */
  readonly isFatal: boolean
}

export type WorkerFaultName = 'oom' | 'oom-1x' | 'oom-hip' | 'xid' | 'illegal-access'

export const WORKER_FAULTS: Readonly<Record<WorkerFaultName, WorkerFault>> = {
  // PyTorch 2.2 and newer.
  oom: {
    exceptionType: 'torch.OutOfMemoryError',
    text: ({ gpu, pid }) =>
      `CUDA out of memory. Tried to allocate 1.35 GiB. GPU ${gpu} has a total capacity of 8.00 GiB ` +
      `of which 412.00 MiB is free. Process ${pid} has 7.58 GiB memory in use. Of the allocated ` +
      'memory 6.91 GiB is allocated by PyTorch, and 301.22 MiB is reserved by PyTorch but ' +
      'unallocated. If reserved but unallocated memory is large try setting ' +
      'PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.',
    isFatal: false,
  },
  // PyTorch 1.x.
  'oom-1x': {
    exceptionType: 'RuntimeError',
    text: ({ gpu }) =>
      `CUDA out of memory. Tried to allocate 1.35 GiB (GPU ${gpu}; 8.00 GiB total capacity; ` +
      '6.02 GiB already allocated; 412.31 MiB free; 6.61 GiB reserved in total by PyTorch)',
    isFatal: false,
  },
  'oom-hip': {
    exceptionType: 'torch.OutOfMemoryError',
    text: ({ gpu }) =>
      `HIP out of memory. Tried to allocate 2.25 GiB. GPU ${gpu} has a total capacity of 15.98 GiB ` +
      'of which 1.02 GiB is free.',
    isFatal: false,
  },
  xid: {
    exceptionType: 'NVRM',
    text: ({ gpu, pid }) =>
      `NVRM: Xid (PCI:0000:0${gpu}:00): 79, pid=${pid}, GPU has fallen off the bus.`,
    isFatal: true,
  },
  'illegal-access': {
    exceptionType: 'torch.AcceleratorError',
    text: () => 'CUDA error: an illegal memory access was encountered',
    isFatal: true,
  },
}
