// What a small fleet sends at each step of 200 ms; a fault between steps 20 and 40.

const ROUTERS = ['router-1', 'router-2', 'router-3']
const FAULT_FROM = 20
const FAULT_TO = 40
const PER_STEP = 6

const isFault = (step: number) => step >= FAULT_FROM && step < FAULT_TO
/** Router 2 is cut off for a while, and comes back with what it kept. */
const isSilent = (router: string, step: number) => router === 'router-2' && step >= 30 && step < 50

const id = (...parts: (string | number)[]) => {
  let hash = 0xcbf29ce484222325n
  for (const char of parts.join('/')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
const ns = (ms: number) => String(BigInt(Math.round(ms * 1_000)) * 1_000n + 7n)
const text = (values: Record<string, string | number>) =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
const resource = (name: string, component: string, more: Record<string, string> = {}) => ({
  attributes: text({
    'service.name': component,
    'service.instance.id': name,
    'signalbox.component': component,
    ...more,
  }),
})

function spansOf(router: string, step: number, nowMs: number) {
  const number = ROUTERS.indexOf(router)
  return Array.from({ length: PER_STEP }, (_, index) => {
    const key = [router, step, index]
    const traceId = `${id('trace', ...key)}${id('more', ...key)}`
    const isFailed = isFault(step) && index !== number
    const endMs = nowMs - index * 20 - 0.25
    const common = {
      traceId,
      startTimeUnixNano: ns(endMs - 80 - index),
      endTimeUnixNano: ns(endMs),
    }
    const route = { 'signalbox.route': 'preview', 'session.id': `s-${index}` }
    const attributes = {
      ...{ ...route, 'signalbox.target': 'cloud-eu', 'http.response.status_code': 200 },
      ...(index % 2 === 0 && { 'job.kind': 'batch' }),
      ...(isFailed && { 'http.response.status_code': 503 }),
    }
    return [
      {
        ...{ ...common, spanId: id('attempt', ...key), parentSpanId: id('request', ...key) },
        ...{ name: 'attempt', kind: 3, attributes: text(attributes) },
        status: { code: isFailed ? 2 : 0 },
      },
      {
        ...{ ...common, spanId: id('request', ...key), name: 'POST /preview', kind: 2 },
        attributes: text({ ...route, 'http.response.status_code': isFailed ? 503 : 200 }),
        status: { code: isFailed ? 2 : 0 },
      },
    ]
  }).flat()
}

const toTraces = (from: object, spans: readonly object[]) => ({
  resourceSpans: [{ resource: from, scopeSpans: [{ spans }] }],
})

export function tracesAt(step: number, nowMs: number): object[] {
  const bodies: object[] = []
  for (const router of ROUTERS) {
    if (isSilent(router, step)) continue
    const own = spansOf(router, step, nowMs)
    // Every tenth step repeats spans of the one before, among new ones.
    const again = step % 10 === 9 ? spansOf(router, step - 1, nowMs - 200).slice(0, 4) : []
    // And some that ended long ago: 20 s, and 8 min.
    const late = step % 15 === 14 ? spansOf(router, step + 1_000, nowMs - 20_000).slice(0, 4) : []
    const old = step === 33 ? spansOf(router, 2_000, nowMs - 480_000) : []
    const from = resource(router, 'router', { 'cloud.zone': `zone-${router.slice(-1)}` })
    bodies.push(toTraces(from, [...own, ...again, ...late, ...old]))
  }
  for (const worker of step < 45 || step > 65 ? ['worker-1', 'worker-2'] : []) {
    const traceId = `${id('work', worker, step)}${id('work', step)}`
    const isSlow = step > 25 && step < 30
    const isBroken = isFault(step) && worker === 'worker-2'
    const message = text({ 'exception.type': 'Error', 'exception.message': `boom ${step}` })
    const events = [{ timeUnixNano: ns(nowMs), name: 'exception', attributes: message }]
    const span = {
      ...{ traceId, spanId: id('span', worker, step), name: 'render', kind: 1 },
      startTimeUnixNano: ns(nowMs - (isSlow ? 900 : 150)),
      endTimeUnixNano: ns(nowMs - 1.5),
      ...{ attributes: text({ step }), events: isBroken ? events : [] },
    }
    bodies.push(toTraces(resource(worker, 'worker', { 'ai.backend': 'cloud-eu' }), [span]))
  }
  return bodies
}

export function logsAt(step: number, nowMs: number): object[] {
  const toLogs = (from: object, logRecords: readonly object[]) => ({
    resourceLogs: [{ resource: from, scopeLogs: [{ logRecords }] }],
  })
  const line = (body: object) => ({ timeUnixNano: ns(nowMs - 3.5), severityNumber: 17, body })
  const bodies: object[] = []
  if (step % 3 === 0 && isFault(step))
    for (const worker of ['worker-1', 'worker-2'])
      bodies.push(
        toLogs(resource(worker, 'worker', { 'ai.backend': 'cloud-eu' }), [
          line({ stringValue: 'CUDA out of memory. Tried to allocate 1.35 GiB' }),
        ]),
      )
  const event = (reason: string) => ({
    kvlistValue: {
      values: [
        { key: 'reason', value: { stringValue: reason } },
        { key: 'message', value: { stringValue: 'the node was low on memory' } },
        { key: 'count', value: { intValue: '3' } },
        {
          key: 'involvedObject',
          value: {
            kvlistValue: { values: [{ key: 'kind', value: { stringValue: 'Pod' } }] },
          },
        },
      ],
    },
  })
  if (step === 10 || step === 35)
    bodies.push(
      toLogs(resource('events', 'other'), [line(event(step === 35 ? 'Evicted' : 'Started'))]),
    )
  return bodies
}

const ofPool = (point?: object) => ({
  ...point,
  attributes: [{ key: 'pool', value: { stringValue: 'b' } }],
})

export function metricsAt(step: number, nowMs: number): object[] {
  if (step % 2 === 1) return []
  const value = isFault(step) ? 80 + step : 10
  const dataPoints = [{ timeUnixNano: ns(nowMs - 2.25), asInt: String(value) }]
  const metrics = [
    { name: 'queue.depth', gauge: { dataPoints } },
    { name: 'ignored', gauge: { dataPoints: [...dataPoints, ofPool(dataPoints[0])] } },
  ]
  const from = resource('scaler', 'autoscaler', { 'ai.backend': 'cloud-eu' })
  return [{ resourceMetrics: [{ resource: from, scopeMetrics: [{ metrics }] }] }]
}

export function statusAt(step: number, nowMs: number) {
  if (step % 5 !== 0) return []
  return ROUTERS.filter((router) => !isSilent(router, step)).map((router) => {
    const started = step * PER_STEP
    const oldest = router === 'router-1' && step >= 30 && step <= 50 ? (step - 30) * 200 + 500 : 40
    const counters = {
      started,
      ok: Math.max(0, started - 2),
      failed: 0,
      inflight: 2,
      oldest_ms: oldest,
    }
    return {
      router,
      status: {
        ...{ boot_id: 'boot', clock: new Date(nowMs).toISOString() },
        observed: { preview: { epoch: 1, generation: step > 40 ? 2 : 1 } },
        routes: { preview: { targets: { 'cloud-eu': counters } } },
      },
    }
  })
}
