import { createRandom } from '../../src/fleet/random.ts'

// Real-looking lines of what a fleet of image workers writes: each kind is a function of a dice, so
// that lines of one kind differ in their parameters only.

/** A seeded source of parameters. */
export interface Dice {
  /** An integer of [from, to]. */
  int(from: number, to: number): number
  pick<T>(items: readonly T[]): T
  hex(length: number): string
}

export function createDice(seed: number): Dice {
  const { unit } = createRandom(seed)
  const int = (from: number, to: number) => from + Math.floor(unit() * (to - from + 1))
  return {
    int,
    pick: (items) => items[int(0, items.length - 1)]!,
    hex: (length) => Array.from({ length }, () => int(0, 15).toString(16)).join(''),
  }
}

export type Kind = (dice: Dice) => string

const two = (value: number) => String(value).padStart(2, '0')
const time = (d: Dice) => `${two(d.int(0, 23))}:${two(d.int(0, 59))}:${two(d.int(0, 59))}`
const iso = (d: Dice) => `2026-01-${two(d.int(1, 28))}T${time(d)}.${d.int(100, 999)}Z`
const size = (d: Dice) =>
  d.pick([
    `${d.int(1, 80)}.${two(d.int(0, 99))} GiB`,
    `${d.int(2, 900)}.00 MiB`,
    `${d.int(0, 9)} bytes`,
  ])
const uuid = (d: Dice) => `${d.hex(8)}-${d.hex(4)}-4${d.hex(3)}-a${d.hex(3)}-${d.hex(12)}`
const ip = (d: Dice) => `10.${d.int(0, 255)}.${d.int(0, 255)}.${d.int(1, 254)}`
const tail = (d: Dice, length: number) =>
  Array.from({ length }, () => d.pick([...'bcdfghjklmnpqrstvwxz2456789'])).join('')
const pod = (d: Dice) =>
  `${d.pick(['sd-eu', 'flux', 'upscaler', 'sdxl-turbo'])}-${d.int(2, 9)}${tail(d, 9)}-${tail(d, 5)}`
const node = (d: Dice) => `gpu-node-${d.int(1, 60)}`
const pci = (d: Dice) => `PCI:0000:${d.hex(2)}:00`
const file = (d: Dice) =>
  `/models/${d.pick(['sdxl', 'flux', 'anime', 'lora/ink'])}/${d.pick(['base', 'refiner', 'v2'])}.safetensors`
const prompt = (d: Dice) =>
  d.pick(["'a cat on a sofa, it's raining'", "'portrait, 35mm'", '"poster with the word \'SALE\'"'])
const vllm = (d: Dice) => `INFO 01-${two(d.int(1, 28))} ${time(d)}`
const uvicorn = (d: Dice) => `INFO:     ${ip(d)}:${d.int(1_025, 65_535)} - `
const nginx = (d: Dice) => `${ip(d)} - - [${two(d.int(1, 28))}/Jan/2026:${time(d)} +0000]`
const nginxError = (d: Dice) =>
  `2026/01/${two(d.int(1, 28))} ${time(d)} [error] ${d.int(7, 99)}#${d.int(7, 99)}: *${d.int(1, 99_999)}`
const upstream = (d: Dice) =>
  `client: ${ip(d)}, server: _, request: "POST /v1/images/generations HTTP/1.1", upstream: "http://${ip(d)}:8000/v1/images/generations", host: "img.example.com"`
const klog = (d: Dice, level: string) =>
  `${level}01${two(d.int(1, 28))} ${time(d)}.${d.int(100_000, 999_999)}       ${d.int(1, 9)}`

const outOfMemory: Kind[] = [
  (d) =>
    `RuntimeError: CUDA out of memory. Tried to allocate ${size(d)} (GPU ${d.int(0, 7)}; ${size(d)} total capacity; ${size(d)} already allocated; ${size(d)} free; ${size(d)} cached)`,
  (d) =>
    `RuntimeError: CUDA out of memory. Tried to allocate ${size(d)} (GPU ${d.int(0, 7)}; ${size(d)} total capacity; ${size(d)} already allocated; ${size(d)} free; ${size(d)} reserved in total by PyTorch) If reserved memory is >> allocated memory try setting max_split_size_mb to avoid fragmentation.  See documentation for Memory Management and PYTORCH_CUDA_ALLOC_CONF`,
  (d) =>
    `torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate ${size(d)}. GPU ${d.int(0, 7)} has a total capacty of ${size(d)} of which ${size(d)} is free. Process ${d.int(100, 99_999)} has ${size(d)} memory in use.`,
  (d) =>
    `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate ${size(d)}. GPU ${d.int(0, 7)} has a total capacity of ${size(d)} of which ${size(d)} is free. Including non-PyTorch memory, this process has ${size(d)} memory in use. Of the allocated memory ${size(d)} is allocated by PyTorch, and ${size(d)} is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation for Memory Management  (https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)`,
  (d) =>
    `torch.OutOfMemoryError: HIP out of memory. Tried to allocate ${size(d)}. GPU ${d.int(0, 7)}`,
  (d) =>
    `RuntimeError: MPS backend out of memory (MPS allocated: ${d.int(1, 40)}.${d.int(10, 99)} GB, other allocations: ${d.int(1, 40)}.${d.int(10, 99)} MB, max allowed: ${d.int(1, 40)}.13 GB). Tried to allocate ${d.int(1, 90)}.00 MB on private pool.`,
  () => 'torch.OutOfMemoryError: Allocation on device',
  () => 'Got an OOM, unloading all loaded models.',
  () => 'RuntimeError: CUDA error: out of memory',
  () => 'RuntimeError: CUDA error: device-side assert triggered',
  () => 'torch.AcceleratorError: CUDA error: an illegal memory access was encountered',
  () => 'torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered',
  () => 'RuntimeError: CUDA driver error: device not ready',
  () => 'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
  (d) =>
    `!handles_.at(i) INTERNAL ASSERT FAILED at "/pytorch/c10/cuda/CUDACachingAllocator.cpp":${d.int(300, 1_200)}, please report a bug to PyTorch.`,
  (d) =>
    `ResourceExhaustedError: OOM when allocating tensor with shape[${d.int(1, 8)},${d.int(16, 640)},${d.int(64, 128)},128] and type float on /job:localhost/replica:0/task:0/device:GPU:${d.int(0, 7)} by allocator GPU_${d.int(0, 7)}_bfc`,
  (d) =>
    `[E:onnxruntime:, sequential_executor.cc:${d.int(300, 600)}] Failed to allocate memory for requested buffer of size ${d.int(1_000, 9_999_999)}`,
  (d) => `[TRT] Error Code 2: Out of Memory (Requested size was ${d.int(1_000, 9_999_999)} bytes.)`,
  (d) =>
    `Memory cgroup out of memory: Killed process ${d.int(100, 99_999)} (python3) total-vm:${d.int(1_000, 99_999)}kB, anon-rss:${d.int(1_000, 99_999)}kB, file-rss:${d.int(1_000, 99_999)}kB, shmem-rss:${d.int(1, 9)}kB, UID:0 pgtables:${d.int(1, 999)}kB oom_score_adj:${d.int(1, 999)}`,
  (d) =>
    `Out of memory: Killed process ${d.int(100, 99_999)} (python3) total-vm:${d.int(1_000, 99_999)}kB, anon-rss:${d.int(1_000, 99_999)}kB, file-rss:${d.int(1_000, 99_999)}kB, shmem-rss:${d.int(1, 9)}kB, UID:0 pgtables:${d.int(1, 999)}kB oom_score_adj:0`,
]

const frame = (d: Dice, name: string) =>
  `  File "/opt/app/${d.pick(['main', 'pipe', 'worker'])}.py", line ${d.int(1, 900)}, in ${name}\n    ${d.pick(['return fn(*args)', 'out = self.model(x)', 'yield step'])}\n`
const frames = (d: Dice) =>
  Array.from({ length: d.int(1, 30) }, () => frame(d, d.pick(['forward', 'call', 'run']))).join('')
const raised =
  (head: string, last: Kind): Kind =>
  (d) =>
    `${head}${head && '\n'}Traceback (most recent call last):\n${frames(d)}${last(d)}`
const tracebacks: Kind[] = [
  raised('', outOfMemory[3]!),
  raised('', outOfMemory[8]!),
  raised('', (d) => `KeyError: '${d.pick(['lora_scale', 'seed', 'model 3'])}'`),
  raised(
    '',
    (d) =>
      `ValueError: height and width must be divisible by 8 but are ${d.int(1, 2_048)} and ${d.int(1, 2_048)}.`,
  ),
  raised(
    'ERROR:    Exception in ASGI application',
    (d) => `httpx.ReadTimeout: timed out after ${d.int(1, 60)} s\n`,
  ),
  raised(
    'ERROR:    Exception in ASGI application',
    () => 'httpx.ConnectError: All connection attempts failed',
  ),
  raised(
    'ERROR:    Exception in ASGI application',
    (d) => `FileNotFoundError: [Errno 2] No such file or directory: '${file(d)}'`,
  ),
  raised(
    'ERROR:root:Uncaught exception',
    () => 'RuntimeError: expected scalar type Half but found Float',
  ),
  raised(
    'ERROR:root:Uncaught exception',
    () =>
      'RuntimeError: CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported at some other API call\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n',
  ),
  raised(
    '!!! Exception during processing !!!',
    (d) =>
      `safetensors_rust.SafetensorError: Error while deserializing header: ${d.pick(['HeaderTooLarge', 'HeaderTooLarge'])}`,
  ),
  raised(
    '!!! Exception during processing !!!',
    (d) =>
      `RuntimeError: Sizes of tensors must match except in dimension 1. Expected size ${d.int(2, 99)} but got size ${d.int(2, 99)} for tensor number ${d.int(1, 3)} in the list.`,
  ),
  raised('', () => 'KeyboardInterrupt'),
  raised(
    '',
    (d) =>
      `botocore.exceptions.ClientError: An error occurred (SlowDown) when calling the PutObject operation (reached max retries: ${d.int(1, 9)}): Please reduce your request rate.`,
  ),
]

const servers: Kind[] = [
  (d) => `INFO:     Started server process [${d.int(1, 99_999)}]`,
  (d) => `INFO:     Finished server process [${d.int(1, 99_999)}]`,
  () => 'INFO:     Waiting for application startup.',
  () => 'INFO:     Waiting for application shutdown.',
  () => 'INFO:     Application startup complete.',
  () => 'INFO:     Application shutdown complete.',
  (d) =>
    `INFO:     Uvicorn running on http://0.0.0.0:${d.int(8_000, 8_999)} (Press CTRL+C to quit)`,
  (d) => `${uvicorn(d)}"POST /v1/images/generations HTTP/1.1" 200 OK`,
  (d) => `${uvicorn(d)}"POST /v1/images/${d.hex(12)}/edits HTTP/1.1" 500 Internal Server Error`,
  (d) =>
    `\u001b[32mINFO\u001b[0m:     ${ip(d)}:${d.int(1_025, 65_535)} - "\u001b[1mGET /health HTTP/1.1\u001b[0m" \u001b[31m503 Service Unavailable\u001b[0m`,
  (d) =>
    `${vllm(d)} [engine.py:${d.int(100, 400)}] Added request cmpl-${d.hex(32)}-0: prompt: ${prompt(d)}, params: SamplingParams(n=1, temperature=0.${d.int(1, 9)}, top_p=${d.int(0, 1)}.0, stop=[]), prompt_token_ids: [${d.int(1, 99)}, ${Array.from({ length: d.int(1, 20) }, () => d.int(1, 32_000)).join(', ')}], lora_request: None.`,
  (d) =>
    `${vllm(d)} [metrics.py:${d.int(100, 400)}] Avg prompt throughput: ${d.int(0, 900)}.${d.int(0, 9)} tokens/s, Avg generation throughput: ${d.int(0, 900)}.${d.int(0, 9)} tokens/s, Running: ${d.int(0, 90)} reqs, Swapped: 0 reqs, Pending: ${d.int(0, 9)} reqs, GPU KV cache usage: ${d.int(0, 99)}.${d.int(0, 9)}%, CPU KV cache usage: 0.0%.`,
  (d) =>
    `${vllm(d)} [model_runner.py:${d.int(100, 2_000)}] Loading model weights took ${d.int(1, 80)}.${d.int(1_000, 9_999)} GB`,
  (d) =>
    `WARNING 01-${two(d.int(1, 28))} ${time(d)} [scheduler.py:${d.int(100, 2_000)}] Sequence group cmpl-${d.hex(32)} is preempted by PreemptionMode.RECOMPUTE mode because there is not enough KV cache space. total_num_cumulative_preemption=${d.int(1, 900)}`,
  () => 'got prompt',
  (d) => `Prompt executed in ${d.int(1, 90)}.${two(d.int(0, 99))} seconds`,
  (d) => `Requested to load ${d.pick(['SDXL', 'SDXL'])}`,
  (d) =>
    `loaded completely ${d.int(1, 80_000)}.${d.int(1, 99)} ${d.int(1, 9_000)}.${d.int(1, 99)} True`,
  (d) =>
    `loaded partially ${d.int(1, 80_000)}.${d.int(1, 99)} ${d.int(1, 9_000)}.${d.int(1, 99)} ${d.int(0, 9)}`,
  (d) =>
    `${String(d.int(5, 95)).padStart(3)}%|${'█'.repeat(d.int(1, 9))}${' '.repeat(d.int(1, 9))}| ${d.int(1, 9)}/20 [00:${two(d.int(0, 59))}<00:${two(d.int(0, 59))},  ${d.int(1, 9)}.${d.int(10, 99)}it/s]`,
  (d) => `!!! Exception during processing !!! Allocation on device`.concat(d.pick(['', ''])),
  (d) =>
    `${klog(d, 'I')} model_lifecycle.cc:${d.int(400, 900)}] "successfully loaded '${d.pick(['sdxl', 'vae', 'clip_l'])}'"`,
  (d) =>
    `${klog(d, 'E')} model_lifecycle.cc:${d.int(400, 900)}] "failed to load '${d.pick(['sdxl', 'vae', 'clip_l'])}' version ${d.int(1, 9)}: Internal: unable to create TensorRT engine"`,
  (d) =>
    `${klog(d, 'I')} grpc_server.cc:${d.int(400, 3_000)}] "Started GRPCInferenceService at 0.0.0.0:${d.int(8_001, 8_099)}"`,
  (d) =>
    `${klog(d, 'W')} memory.cc:${d.int(100, 300)}] "Failed to allocate CUDA memory with byte size ${d.int(1_000, 9_999_999)} on GPU ${d.int(0, 7)}: CNMEM_STATUS_OUT_OF_MEMORY, falling back to pinned system memory"`,
  (d) =>
    `{"level":"info","ts":"${iso(d)}","msg":"job finished","job":"${uuid(d)}","images":${d.int(1, 8)},"took_ms":${d.int(100, 90_000)}}`,
  (d) =>
    `{"level":"error","ts":"${iso(d)}","msg":"job failed","job":"${uuid(d)}","images":${d.int(1, 8)},"took_ms":${d.int(100, 90_000)}}`,
  (d) =>
    `time=${iso(d)} level=warn msg="upload throttled, backing off" bucket=${d.pick(['renders', 'assets'])} wait=${d.int(1, 60)}s`,
  (d) =>
    `time=${iso(d)} level=warn msg="credits exhausted, scaling stopped" bucket=${d.pick(['renders', 'assets'])} wait=${d.int(1, 60)}s`,
]

const access = (d: Dice, [line, status, path]: [string, number, string]) =>
  `${nginx(d)} "${line} ${path} HTTP/1.1" ${status} ${d.int(1, 99_999)} "${d.pick(['-', 'https://app.example.com/edit?id=4'])}" "${d.pick(['curl/8.5.0', 'Mozilla/5.0 (X11; Linux x86_64)'])}" ${d.int(0, 60)}.${d.int(100, 999)}`
const proxies: Kind[] = [
  (d) => access(d, ['GET', 200, `/assets/${d.hex(10)}.png`]),
  (d) => access(d, ['POST', 200, `/v1/images/generations?trace=${d.hex(8)}&n=${d.int(1, 4)}`]),
  (d) => access(d, ['POST', 504, '/v1/images/generations']),
  (d) => access(d, ['POST', 502, '/v1/images/edits']),
  (d) => access(d, ['POST', 429, '/v1/images/edits']),
  (d) => access(d, ['DELETE', 204, `/v1/jobs/${uuid(d)}`]),
  (d) =>
    `${nginxError(d)} upstream timed out (110: Connection timed out) while reading response header from upstream, ${upstream(d)}`,
  (d) =>
    `${nginxError(d)} connect() failed (111: Connection refused) while connecting to upstream, ${upstream(d)}`,
  (d) =>
    `${nginxError(d)} upstream prematurely closed connection while reading response header from upstream, ${upstream(d)}`,
  (d) => `${nginxError(d)} no live upstreams while connecting to upstream, ${upstream(d)}`,
  (d) =>
    `${nginxError(d)} client intended to send too large body: ${d.int(1_000, 99_999_999)} bytes, client: ${ip(d)}, server: _`,
  (d) =>
    `Jan ${String(d.int(1, 28)).padStart(2)} ${time(d)} edge-${d.int(1, 9)} haproxy[${d.int(1, 9_999)}]: Server images/${d.pick(['gpu1', 'gpu2'])} is DOWN, reason: Layer4 timeout, check duration: ${d.int(1, 5_000)}ms.`,
  (d) =>
    `Jan ${String(d.int(1, 28)).padStart(2)} ${time(d)} edge-${d.int(1, 9)} haproxy[${d.int(1, 9_999)}]: Server images/${d.pick(['gpu1', 'gpu2'])} is UP, reason: Layer4 timeout, check duration: ${d.int(1, 5_000)}ms.`,
]

const events: Kind[] = [
  (d) => `Back-off restarting failed container render in pod ${pod(d)}_prod(${uuid(d)})`,
  (d) =>
    `Back-off pulling image "registry.example.com/${d.pick(['sd', 'flux'])}:${d.int(1, 9)}.${d.int(0, 9)}"`,
  (d) =>
    `Failed to pull image "registry.example.com/${d.pick(['sd', 'flux'])}:${d.int(1, 9)}": rpc error: code = NotFound desc = failed to resolve reference`,
  (d) =>
    `Successfully pulled image "registry.example.com/sd:${d.int(1, 9)}" in ${d.int(1, 90)}.${d.int(1, 9)}s (${d.int(1, 90)}.${d.int(1, 9)}s including waiting). Image size: ${d.int(1_000, 99_999_999)} bytes.`,
  (d) => `Successfully assigned prod/${pod(d)} to ${node(d)}`,
  (d) => `Created container: render`.concat(d.pick(['', ''])),
  () => 'Started container render',
  () => 'Stopping container render',
  (d) =>
    `Liveness probe failed: Get "http://${ip(d)}:8000/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  (d) =>
    `Readiness probe failed: Get "http://${ip(d)}:8000/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  (d) => `Readiness probe failed: HTTP probe failed with statuscode: ${d.int(500, 504)}`,
  (d) =>
    `0/${d.int(3, 40)} nodes are available: ${d.int(1, 30)} Insufficient nvidia.com/gpu. preemption: 0/${d.int(3, 40)} nodes are available: ${d.int(1, 30)} No preemption victims found for incoming pod.`,
  (d) =>
    `pod didn't trigger scale-up: ${d.int(1, 9)} Insufficient nvidia.com/gpu, ${d.int(1, 9)} max node group size reached`,
  (d) =>
    `Scale-up: setting group https://cloud.example.com/groups/gpu-${d.int(1, 9)} size to ${d.int(1, 60)} instead of ${d.int(1, 60)} (max: ${d.int(60, 90)})`,
  (d) =>
    `Scale-up failed for group gpu-a100-${d.int(1, 9)}: googleapi: Error ${d.int(400, 429)}: Quota exceeded`,
  (d) =>
    `Nodes added to group gpu-a100-${d.int(1, 9)} failed to register within ${d.int(10, 30)}m0s`,
  (d) =>
    `New size: ${d.int(1, 60)}; reason: cpu resource utilization (percentage of request) above target`,
  (d) => `New size: ${d.int(1, 60)}; reason: All metrics below target`,
  (d) =>
    `failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)`.concat(
      d.pick(['', '']),
    ),
  (d) =>
    `invalid metrics (${d.int(1, 3)} invalid out of ${d.int(1, 3)}), first error is: failed to get external metric value`,
  (d) => `Node ${node(d)} status is now: NodeReady`,
  (d) => `Node ${node(d)} status is now: NodeNotReady`,
  (d) =>
    `The node was low on resource: ephemeral-storage. Threshold quantity: ${d.int(1_000, 99_999_999)}, available: ${d.int(1_000, 99_999)}Ki.`,
  (d) =>
    `MountVolume.SetUp failed for volume "models" : rpc error: code = Internal desc = mount failed: exit status ${d.int(1, 32)}`,
  (d) =>
    `Scaled up replica set ${d.pick(['sd-eu', 'flux'])}-${d.int(2, 9)}${tail(d, 9)} from ${d.int(1, 9)} to ${d.int(1, 9)}`,
]

const xid =
  (code: number, rest: Kind): Kind =>
  (d) =>
    `[${d.int(1_000, 999_999)}.${d.int(100_000, 999_999)}] NVRM: Xid (${pci(d)}): ${code}, pid=${d.pick(["'<unknown>'", String(d.int(100, 99_999))])}, name=${d.pick(['python3', 'triton'])}, ${rest(d)}`
const gpus: Kind[] = [
  xid(
    13,
    (d) =>
      `Graphics SM Warp Exception on (GPC ${d.int(0, 7)}, TPC ${d.int(0, 8)}, SM ${d.int(0, 1)}): Out Of Range Address`,
  ),
  xid(
    31,
    (d) =>
      `Ch ${d.hex(7)}1, intr 10000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_${d.int(0, 9)} faulted @ 0x7f${d.hex(2)}_${d.hex(8)}. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ`,
  ),
  xid(43, (d) => `Ch 0000${d.int(1000, 9999)}`),
  xid(45, (d) => `Ch 0000${d.int(1000, 9999)}`),
  xid(48, () => 'DBE (double bit error) detected'),
  xid(63, (d) => `Row Remapper: New row marked for remapping, reset gpu to activate. ${d.hex(4)}0`),
  xid(64, () => 'Row Remapper: Failed to persist remapping entry'),
  xid(74, (d) => `NVLink: fatal error detected on link ${d.int(0, 11)}(0x${d.hex(5)}, 0x0, 0x0)`),
  xid(79, () => 'GPU has fallen off the bus.'),
  xid(94, (d) => `Contained: SM (0x${d.hex(2)}). RST: No, D-RST: No`),
  xid(95, (d) => `Uncontained: LTC TAG (0x${d.hex(2)},0x${d.hex(2)}). RST: Yes, D-RST: No`),
  xid(
    119,
    (d) =>
      `Timeout after ${d.int(6, 45)}s of waiting for RPC response from GPU${d.int(0, 7)} GSP! Expected function ${d.int(10, 99)} (GSP_RM_CONTROL) (0x${d.hex(8)} 0x${d.hex(2)}).`,
  ),
  (d) => `NVRM: GPU at ${pci(d)}: GPU-${uuid(d)}`,
  (d) =>
    `NVRM: GPU ${pci(d).slice(4)}.0: RmInitAdapter failed! (0x${d.hex(2)}:0x${d.hex(2)}:${d.int(100, 3_000)})`,
  (d) =>
    `nvidia-smi: Unable to determine the device handle for GPU ${pci(d).slice(4)}.0: Unknown Error`,
]

/** Every kind of a corpus is another template. */
export const CORPORA: readonly { readonly name: string; readonly kinds: readonly Kind[] }[] = [
  { name: 'out of memory', kinds: outOfMemory },
  { name: 'tracebacks', kinds: tracebacks },
  { name: 'model servers', kinds: servers },
  { name: 'proxies', kinds: proxies },
  { name: 'Kubernetes events', kinds: events },
  { name: 'NVIDIA kernel lines', kinds: gpus },
]
