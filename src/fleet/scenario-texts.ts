import { WORKER_FAULTS } from './worker-faults.ts'

/** A line of a worker's log. */
export interface LogText {
  readonly severity: 'info' | 'warn' | 'error' | 'fatal'
  readonly body: string
  readonly exceptionType?: string
}

export type LogName =
  | (typeof OOM_NAMES)[number]
  | 'xid-79'
  | 'xid-13'
  | 'xid-48'
  | 'illegal-access'
  | 'host-oom'
  | 'host-oom-node'
  | 'slow-down'
  | 'load-failed'
  | 'load-slow'
  | 'routine'
  | 'routine-cache'
  | 'new-error'
  | 'exception-oom'

/** Every text by which GPU memory runs out, one of each producer. */
export const OOM_NAMES = [
  ...(['oom-1x', 'oom-21', 'oom-22', 'oom-cut', 'oom-hip', 'oom-xpu', 'oom-mps'] as const),
  ...(['oom-comfy', 'oom-async', 'oom-assert', 'oom-driver', 'oom-cublas', 'oom-cudnn'] as const),
  ...(['oom-trt7', 'oom-trt8', 'oom-trt10', 'oom-tf', 'oom-onnx', 'oom-triton'] as const),
] as const

const error = (body: string, exceptionType?: string): LogText => ({
  severity: 'error',
  body,
  ...(exceptionType !== undefined && { exceptionType }),
})
const fault = (name: keyof typeof WORKER_FAULTS) => {
  const { exceptionType, text } = WORKER_FAULTS[name]
  return error(`${exceptionType}: ${text({ gpu: 0, pid: 4242 })}`, exceptionType)
}

export const LOG_TEXTS: Readonly<Record<LogName, LogText>> = {
  'oom-1x': fault('oom-1x'),
  'oom-21': error(
    'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 1 has a total ' +
      'capacty of 23.69 GiB of which 16.69 MiB is free. Process 9 has 23.60 GiB memory in use.',
  ),
  'oom-22': fault('oom'),
  'oom-cut': error('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU '),
  'oom-hip': fault('oom-hip'),
  'oom-xpu': error('torch.OutOfMemoryError: XPU out of memory. Tried to allocate 2.00 GiB.'),
  'oom-mps': error(
    'RuntimeError: MPS backend out of memory (MPS allocated: 17.20 GB, max: 18.13 GB)',
  ),
  'oom-comfy': error('Got an OOM, unloading all loaded models.'),
  'oom-async': error('torch.OutOfMemoryError: Allocation on device'),
  'oom-assert': error(
    'RuntimeError: !handles_.at(i) INTERNAL ASSERT FAILED at "../c10/cuda/CUDACachingAllocator.cpp":396',
  ),
  'oom-driver': error('RuntimeError: CUDA driver error: device not ready'),
  'oom-cublas': error(
    'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate',
  ),
  'oom-cudnn': error('RuntimeError: cuDNN error: CUDNN_STATUS_NOT_SUPPORTED'),
  'oom-trt7': error('[TensorRT] ERROR: Cuda Error in allocate: 2 (out of memory)'),
  'oom-trt8': error(
    '[TRT] [E] 1: [defaultAllocator.cpp] Error Code 1: Cuda Runtime (out of memory)',
  ),
  'oom-trt10': error(
    '[TRT] [E] Error Code 2: Out of Memory (Requested size was 8589934592 bytes.)',
  ),
  'oom-tf': error(
    'ResourceExhaustedError: OOM when allocating tensor with shape[8,64,128,128] and type float on ' +
      '/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
  ),
  'oom-onnx': error(
    'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1073741824',
  ),
  'oom-triton': error(
    'Failed to allocate CUDA memory with byte size 268435456 on GPU 0: CNMEM_STATUS',
  ),
  // Logged as attributes alone, under a body that says nothing.
  'exception-oom': error('render failed', 'torch.OutOfMemoryError'),
  'xid-79': fault('xid'),
  'xid-13': error('NVRM: Xid (PCI:0000:01:00): 13, pid=4242, Graphics Exception: ESR 0x504648=0x9'),
  'xid-48': error('NVRM: Xid (PCI:0000:01:00): 48, pid=4242, DBE (double bit error) ECC error'),
  'illegal-access': fault('illegal-access'),
  'host-oom': error(
    'Memory cgroup out of memory: Killed process 4242 (python3) total-vm:88412032kB, anon-rss:33554432kB',
  ),
  'host-oom-node': error('Out of memory: Killed process 4242 (python3) total-vm:88412032kB'),
  'slow-down': error(
    'botocore.exceptions.ClientError: An error occurred (SlowDown) when calling the PutObject ' +
      'operation (reached max retries: 4): Please reduce your request rate.',
    'botocore.exceptions.ClientError',
  ),
  'load-failed': error(
    'failed to load model sdxl-1.0: SafetensorError: Error while deserializing header: ' +
      'MetadataIncompleteBuffer',
    'SafetensorError',
  ),
  'load-slow': { severity: 'warn', body: 'loading model sdxl-1.0: 41 of 1,260 shards after 300 s' },
  routine: { severity: 'info', body: 'rendered job 81723 in 912 ms on GPU 0' },
  'routine-cache': {
    severity: 'info',
    body: 'latent cache hit for style 4417, 31 entries evicted',
  },
  'new-error': error(
    'scheduler assertion failed: beta schedule diverged at step 17 of 30 (job 51234)',
  ),
}
