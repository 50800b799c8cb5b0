import { expect, test } from 'vitest'
import { AT, AT_ROW, fieldOf, type Line, OOM, rowOf, SPAN, TRACE } from './ndjson-fixture.ts'

const NODE_ERROR = { type: 'Error', message: OOM, stack: `Error: ${OOM}\n    at run (a.js:1:2)` }
const TRACEBACK = `Traceback (most recent call last):\n  File "/app/w.py", line 9, in render\n    x = pipe(p)\ntorch.OutOfMemoryError: ${OOM}`

/** As these programs write them. */
const SAMPLES: Readonly<Record<string, { line: Line; row: object; fields?: object }>> = {
  'Fluent Bit: tail, cri, kubernetes filter': {
    line: `{"date":1768139999.123456,"time":"${AT}","stream":"stderr","_p":"F","log":"${OOM}","kubernetes":{"pod_name":"sd-worker-7d9c-x2x","namespace_name":"render","pod_id":"u-1","labels":{"app":"sd-worker","pod-template-hash":"7d9c"},"annotations":{"a/b":"c"},"host":"gpu-node-3","pod_ip":"10.1.2.3","container_name":"worker","docker_id":"d0","container_image":"reg/sd:1"}}`,
    row: {
      Timestamp: AT_ROW,
      Body: OOM,
      ServiceName: 'sd-worker',
      SeverityNumber: 0,
      ResourceAttributes: {
        'container.id': 'd0',
        'container.image.name': 'reg/sd:1',
        'host.name': 'gpu-node-3',
        'k8s.container.name': 'worker',
        'k8s.namespace.name': 'render',
        'k8s.node.name': 'gpu-node-3',
        'k8s.pod.annotation.a/b': 'c',
        'k8s.pod.ip': '10.1.2.3',
        'k8s.pod.label.app': 'sd-worker',
        'k8s.pod.label.pod-template-hash': '7d9c',
        'k8s.pod.name': 'sd-worker-7d9c-x2x',
        'k8s.pod.uid': 'u-1',
        'service.name': 'sd-worker',
      },
      LogAttributes: { _p: 'F', date: '1768139999.123456', stream: 'stderr' },
    },
    fields: { worker: 'sd-worker-7d9c-x2x', service: 'sd-worker' },
  },
  'Fluent Bit: only its own date': {
    line: '{"date":1768139999.123456,"log":"ready","signalbox.component":"worker","signalbox.target":"cloud-eu","hostname":"gpu-9"}',
    row: { Timestamp: '1768139999.123456000', Body: 'ready' },
    fields: { worker: 'gpu-9', target: 'cloud-eu' },
  },
  'Vector: kubernetes_logs': {
    line: {
      file: '/var/log/pods/render_sd_u/worker/0.log',
      kubernetes: {
        container_id: 'containerd://c',
        container_name: 'worker',
        namespace_labels: { team: 'serving' },
        pod_labels: { 'app.kubernetes.io/name': 'sd-worker', app: 'other' },
        pod_ips: ['10.0.0.1'],
        pod_name: 'sd-1',
        pod_namespace: 'render',
        pod_node_name: 'gpu-node-1',
      },
      message: OOM,
      source_type: 'kubernetes_logs',
      stream: 'stderr',
      timestamp: AT,
    },
    row: {
      Timestamp: AT_ROW,
      Body: OOM,
      ServiceName: 'sd-worker',
      LogAttributes: {
        file: '/var/log/pods/render_sd_u/worker/0.log',
        'kubernetes.namespace_labels.team': 'serving',
        'kubernetes.pod_ips': '["10.0.0.1"]',
        source_type: 'kubernetes_logs',
        stream: 'stderr',
      },
    },
    fields: { worker: 'sd-1', 'resource.k8s.namespace.name': 'render' },
  },
  'Vector: from its opentelemetry source': {
    line: {
      attributes: { 'gpu.id': 'g1' },
      resources: { 'service.name': 'sd-worker', 'host.name': 'h1' },
      message: 'm',
      severity_number: 17,
      severity_text: 'ERROR',
      timestamp: AT,
      trace_id: TRACE,
      span_id: SPAN,
      flags: 1,
    },
    row: {
      TraceId: TRACE,
      SpanId: SPAN,
      SeverityNumber: 17,
      SeverityText: 'ERROR',
      ServiceName: 'sd-worker',
      LogAttributes: { flags: '1', 'gpu.id': 'g1' },
    },
    fields: { gpu: 'g1', worker: 'h1' },
  },
  'pino with an error and OpenTelemetry ids': {
    line: {
      level: 50,
      time: 1768139999123,
      pid: 7,
      hostname: 'w-1',
      name: 'sd-worker',
      trace_id: TRACE,
      span_id: SPAN,
      trace_flags: '01',
      err: NODE_ERROR,
      msg: 'render failed',
    },
    row: {
      Timestamp: '1768139999.123000000',
      SeverityNumber: 17,
      SeverityText: 'ERROR',
      Body: 'render failed',
      ServiceName: 'sd-worker',
      TraceId: TRACE,
      TraceFlags: 1,
      LogAttributes: {
        'exception.message': OOM,
        'exception.stacktrace': NODE_ERROR.stack,
        'exception.type': 'Error',
        pid: '7',
      },
    },
    fields: { severity: 'error', worker: 'w-1', 'exception.message': OOM },
  },
  bunyan: {
    line: `{"name":"sd-worker","hostname":"w-2","pid":9,"level":40,"msg":"slow","time":"2026-01-11T13:59:59.123Z","v":0}`,
    row: {
      Timestamp: '1768139999.123000000',
      SeverityText: 'WARN',
      SeverityNumber: 13,
      Body: 'slow',
      ServiceName: 'sd-worker',
      LogAttributes: { pid: '9', v: '0' },
    },
  },
  'zap, production': {
    line: `{"level":"error","ts":1768139999.1234567,"caller":"render/render.go:42","msg":"render failed","service":"gateway","error":"connection reset","stacktrace":"main.render\\n\\t/app/render.go:42"}`,
    row: {
      Timestamp: '1768139999.123457000',
      SeverityText: 'error',
      SeverityNumber: 17,
      ServiceName: 'gateway',
      LogAttributes: {
        caller: 'render/render.go:42',
        'exception.message': 'connection reset',
        'exception.stacktrace': 'main.render\n\t/app/render.go:42',
      },
    },
  },
  'python-json-logger with a traceback': {
    line: {
      asctime: '2026-01-11 13:59:59,123',
      levelname: 'CRITICAL',
      name: 'sd.worker',
      message: 'render failed',
      exc_info: TRACEBACK,
      taskName: null,
      otelTraceID: TRACE,
      otelSpanID: '0',
    },
    row: {
      Timestamp: '1768139999.123000000',
      SeverityText: 'CRITICAL',
      SeverityNumber: 21,
      TraceId: TRACE,
      LogAttributes: {
        'exception.message': OOM,
        'exception.stacktrace': TRACEBACK,
        'exception.type': 'torch.OutOfMemoryError',
        name: 'sd.worker',
        otelSpanID: '0',
      },
    },
    fields: { severity: 'fatal', 'exception.type': 'torch.OutOfMemoryError' },
  },
  'structlog: event is the message': {
    line: { event: 'render failed', level: 'warning', timestamp: AT, exception: TRACEBACK },
    row: { Timestamp: AT_ROW, Body: 'render failed', SeverityNumber: 13 },
    fields: { 'exception.message': OOM },
  },
  'loguru, serialize=True': {
    line: {
      text: 'full text\n',
      record: { level: { name: 'INFO', no: 20 }, time: { timestamp: 1768139999.5 } },
    },
    row: { Timestamp: '1768139999.500000000', Body: 'full text', SeverityNumber: 9 },
  },
  'docker json-file': {
    line: `{"log":"ready\\n","stream":"stdout","time":"${AT}"}`,
    row: { Timestamp: AT_ROW, Body: 'ready', LogAttributes: { stream: 'stdout' } },
  },
  'ECS, dotted and nested': {
    line: {
      '@timestamp': AT,
      'log.level': 'WARN',
      message: 'm',
      service: { name: 'gateway', version: '1.2' },
      'trace.id': TRACE,
      error: { type: 'IOError', message: 'broken', stack_trace: 'IOError: broken' },
      'ecs.version': '8.11.0',
    },
    row: {
      Timestamp: AT_ROW,
      SeverityNumber: 13,
      ServiceName: 'gateway',
      TraceId: TRACE,
      ResourceAttributes: { 'service.name': 'gateway', 'service.version': '1.2' },
      LogAttributes: {
        'ecs.version': '8.11.0',
        'exception.message': 'broken',
        'exception.stacktrace': 'IOError: broken',
        'exception.type': 'IOError',
      },
    },
  },
  'journalctl -o json': {
    line: `{"MESSAGE":"NVRM: Xid (PCI:0000:10:1c): 79, pid=1","PRIORITY":"3","_HOSTNAME":"gpu-1","__REALTIME_TIMESTAMP":"1768139999123456","SYSLOG_IDENTIFIER":"kernel"}`,
    row: {
      Timestamp: '1768139999.123456000',
      SeverityNumber: 17,
      ResourceAttributes: { 'host.name': 'gpu-1' },
      LogAttributes: { SYSLOG_IDENTIFIER: 'kernel' },
    },
  },
  'an exporter of Kubernetes events': {
    line: {
      metadata: { name: 'sd.17', uid: 'u' },
      involvedObject: { kind: 'Pod', name: 'sd-1', namespace: 'render' },
      reason: 'FailedScheduling',
      message: '0/5 nodes are available: 5 Insufficient nvidia.com/gpu.',
      type: 'Warning',
      count: 3,
    },
    row: { Body: '0/5 nodes are available: 5 Insufficient nvidia.com/gpu.' },
    fields: { 'k8s.event.reason': 'FailedScheduling', 'k8s.event.count': 3 },
  },
}

test.for(Object.entries(SAMPLES))('%s', ([, { line, row, fields = {} }]) => {
  const found = rowOf(line)
  for (const [column, value] of Object.entries(row))
    expect([column, found[column]]).toEqual([column, value])
  const field = fieldOf(line)
  for (const [key, value] of Object.entries(fields)) expect([key, field(key)]).toEqual([key, value])
})
