import type { Scenario } from './scenario.ts'
import { OOM_NAMES } from './scenario-texts.ts'
import { MINUTE_S, scenario } from './scenario-usual.ts'
import { FOLLOWS, faulty } from './scenarios-outage.ts'

// What breaks in workers: memory, GPUs, models, stages.

const TOLERATED = [...FOLLOWS, 'requests-failing']
const OOM_TEXT_S = 60
const OOM_PAUSE_S = 180

/** One text after the other, each from four workers: what one pattern misses shows by itself. */
const oomTexts = scenario({
  name: 'oom-storm-every-text',
  seed: 31,
  durationS: 5 * MINUTE_S + OOM_NAMES.length * (OOM_TEXT_S + OOM_PAUSE_S),
  load: { requestsPerS: 2 },
  faults: OOM_NAMES.map((name, index) => {
    const fromS = 5 * MINUTE_S + index * (OOM_TEXT_S + OOM_PAUSE_S)
    return {
      kind: `out-of-memory storm, ${name}`,
      ...{ fromS, untilS: fromS + OOM_TEXT_S },
      effects: [{ does: 'log', texts: [name], workers: 4, everyS: 3 }],
      expects: ['oom-storm'],
      tolerates: ['oom-storm-exceptions', 'new-error-template'],
    }
  }),
})

export const WORKER_SCENARIOS: readonly Scenario[] = [
  faulty({
    name: 'worker-failing',
    seed: 30,
    kind: 'one worker of twenty fails',
    effects: [{ does: 'fail', share: 1, failure: 'crash', where: { worker: 'cloud-eu-07' } }],
    expects: ['worker-failing'],
    tolerates: TOLERATED,
    by: { worker: 'cloud-eu-07' },
  }),
  oomTexts,
  faulty({
    name: 'oom-storm',
    seed: 32,
    kind: 'out-of-memory storm',
    effects: [
      { does: 'fail', share: 0.2, failure: 'out-of-memory' },
      { does: 'log', texts: OOM_NAMES, workers: 12, everyS: 1 },
      { does: 'log', texts: ['exception-oom'], workers: 12, everyS: 2 },
    ],
    expects: ['oom-storm', 'oom-storm-exceptions', 'oom-storm-spans'],
    tolerates: [...TOLERATED, 'stage-failing'],
  }),
  faulty({
    name: 'oom-of-one-worker',
    seed: 33,
    kind: 'one worker out of memory again and again',
    effects: [{ does: 'log', texts: OOM_NAMES, workers: 1, everyS: 1 }],
    expects: [],
    tolerates: ['new-error-template'],
  }),
  faulty({
    name: 'oom-cascade',
    seed: 34,
    kind: 'one request kills worker after worker',
    effects: [{ does: 'poison', everyS: 20 }],
    expects: ['oom-cascade', 'oom-storm', 'oom-storm-exceptions', 'oom-storm-spans'],
    tolerates: TOLERATED,
  }),
  faulty({
    name: 'host-oom-killed',
    seed: 35,
    kind: 'containers killed for host memory',
    effects: [
      { does: 'log', texts: ['host-oom', 'host-oom-node'], workers: 5, everyS: 7 },
      { does: 'event', events: ['host-oom', 'oom-killed'], everyS: 20 },
    ],
    expects: ['host-oom-killed'],
    tolerates: ['new-error-template'],
  }),
  faulty({
    name: 'gpu-xid',
    seed: 36,
    kind: 'double-bit errors',
    effects: [{ does: 'log', texts: ['xid-48'], workers: 2, everyS: 20 }],
    expects: ['gpu-xid'],
    tolerates: ['new-error-template'],
  }),
  faulty({
    name: 'gpu-lost',
    seed: 37,
    kind: 'GPUs fall off the bus',
    effects: [
      { does: 'log', texts: ['xid-79'], workers: 3, everyS: 10 },
      { does: 'fail', share: 1, failure: 'crash', where: { worker: 'cloud-eu-01' } },
      { does: 'fail', share: 1, failure: 'crash', where: { worker: 'cloud-eu-02' } },
      { does: 'fail', share: 1, failure: 'crash', where: { worker: 'cloud-eu-03' } },
    ],
    expects: ['gpu-lost', 'gpu-xid'],
    tolerates: [...TOLERATED, 'worker-failing', 'stage-failing'],
  }),
  scenario({
    name: 'zombie-worker',
    seed: 38,
    // Ten idle minutes are no news of a worker.
    durationS: 40 * MINUTE_S,
    faults: [
      {
        fromS: 5 * MINUTE_S,
        untilS: 30 * MINUTE_S,
        kind: 'one worker completes nothing',
        effects: [{ does: 'fail', share: 1, failure: 'timeout', where: { worker: 'cloud-eu-11' } }],
        expects: ['zombie-worker'],
        tolerates: [...TOLERATED, 'latency-p95', 'latency-p95-drift', 'worker-failing'],
        by: { worker: 'cloud-eu-11' },
      },
    ],
  }),
  faulty({
    name: 'workers-silent',
    seed: 39,
    kind: 'no worker is heard',
    effects: [{ does: 'silence', who: 'workers' }],
    expects: ['workers-silent'],
  }),
  faulty({
    name: 'broken-checkpoint',
    seed: 40,
    kind: 'one model of three fails',
    effects: [{ does: 'fail', share: 1, failure: 'checkpoint', where: { model: 'flux-schnell' } }],
    expects: ['model-broken'],
    tolerates: [...TOLERATED, 'stage-failing'],
    by: { model: 'flux-schnell' },
  }),
  faulty({
    name: 'broken-lora',
    seed: 41,
    kind: 'one LoRA of four fails',
    effects: [{ does: 'fail', share: 1, failure: 'adapter', where: { lora: 'logo-v1' } }],
    expects: ['lora-broken'],
    tolerates: TOLERATED,
    by: { lora: 'logo-v1', 'signalbox.lora': 'logo-v1' },
  }),
  faulty({
    name: 'stage-failing',
    seed: 42,
    load: { hasStages: true },
    kind: 'the upscaler fails',
    effects: [{ does: 'fail', share: 0.3, failure: 'upscaler' }],
    expects: ['stage-failing'],
    tolerates: TOLERATED,
    by: { stage: 'upscale' },
  }),
  faulty({
    name: 'upload-throttled',
    seed: 43,
    load: { hasStages: true },
    kind: 'the object store slows uploads down',
    effects: [
      { does: 'fail', share: 0.15, failure: 'upload' },
      { does: 'log', texts: ['slow-down'], workers: 6, everyS: 2 },
    ],
    expects: ['upload-throttled'],
    tolerates: [...TOLERATED, 'stage-failing'],
  }),
]
