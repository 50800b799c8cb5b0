/** How an attempt fails, as a router sees it. */
export interface Failure {
  readonly errorType: string
  /** HTTP status, 0 when there was no answer. */
  readonly statusCode: number
  /** How long it takes: so long, or, where undefined, as long as a render. */
  readonly afterMs?: number
  /** What the worker's span carries; without it, no worker saw it. */
  readonly exception?: { readonly type: string; readonly message: string }
  /** Which stage of the render fails; default `generate`. */
  readonly stage?: string
}

export type FailureName = keyof typeof FAILURES

/** Attempts that an effect is about; nothing named is every attempt on the primary. */
export interface Where {
  readonly target?: string
  readonly router?: string
  readonly worker?: string
  readonly model?: string
  readonly lora?: string
  readonly variant?: string
}

const TIMEOUT_MS = 10_000

export const FAILURES = {
  refused: { errorType: 'connection_refused', statusCode: 0, afterMs: 15 },
  unavailable: { errorType: '503', statusCode: 503, afterMs: 25 },
  timeout: { errorType: 'timeout', statusCode: 0, afterMs: TIMEOUT_MS },
  crash: {
    ...{ errorType: 'inference_failed_internal_server_error', statusCode: 500 },
    exception: {
      type: 'torch.AcceleratorError',
      message: 'CUDA error: an illegal memory access was encountered',
    },
  },
  'out-of-memory': {
    ...{ errorType: 'inference_failed_internal_server_error', statusCode: 500 },
    exception: {
      type: 'torch.OutOfMemoryError',
      message:
        'CUDA out of memory. Tried to allocate 1.35 GiB. GPU 0 has a total capacity of 8.00 GiB',
    },
  },
  checkpoint: {
    ...{ errorType: 'inference_failed_internal_server_error', statusCode: 500, afterMs: 80 },
    exception: {
      type: 'SafetensorError',
      message: 'Error while deserializing header: InvalidHeaderDeserialization',
    },
  },
  adapter: {
    ...{ errorType: 'inference_failed_internal_server_error', statusCode: 500, afterMs: 120 },
    exception: {
      type: 'RuntimeError',
      message: 'size mismatch for lora_down.weight: copying a param with shape [64, 768]',
    },
  },
  'rate-limited': { errorType: '429', statusCode: 429, afterMs: 30 },
  'no-credit': { errorType: 'insufficient_quota', statusCode: 402, afterMs: 30 },
  'queue-full': { errorType: 'queue_full', statusCode: 503, afterMs: 12 },
  upscaler: {
    ...{ errorType: 'stage_failed', statusCode: 500, stage: 'upscale' },
    exception: {
      type: 'ValueError',
      message: 'upscaler returned 0 tiles of 16 for model esrgan-x4',
    },
  },
  upload: {
    ...{ errorType: 'upload_failed', statusCode: 500, stage: 'upload' },
    exception: {
      type: 'botocore.exceptions.ClientError',
      message:
        'An error occurred (SlowDown) when calling the PutObject operation (reached max retries: 4): Please reduce your request rate.',
    },
  },
} as const satisfies Readonly<Record<string, Failure>>
