import { expect, test } from 'vitest'
import { compareUtf8 } from '../../src/decode/attribute-value.ts'
import { weightOf } from '../../src/decode/trace-state.ts'
import { createTestDecoder, decodeOk, NOW_MS, rowsOf, unitOf } from './decoder-fixture.ts'
import { keyValues, logs, request, type Value } from './otlp-builder.ts'

const ENCODINGS = ['json', 'protobuf'] as const

function decodeLog(value: Value, encoding: (typeof ENCODINGS)[number]) {
  const document = logs({}, [{ atMs: NOW_MS, body: value, attributes: { a: value } }])
  const otlp = request('logs', document, { encoding, receivedUnixMs: NOW_MS })
  const batch = decodeOk(createTestDecoder(), otlp)
  const [row] = rowsOf(batch, 'otel_logs')
  return { row, field: unitOf(batch, 'log')[0]?.field('a') }
}

// Text by the Collector's AsString; what rules compare keeps its type.
const VALUES: readonly (readonly [Value, string, unknown])[] = [
  ['text', 'text', 'text'],
  ['', '', ''],
  ['ünï 😀', 'ünï 😀', 'ünï 😀'],
  [true, 'true', true],
  [false, 'false', false],
  [42, '42', 42],
  [-7, '-7', -7],
  [9007199254740993n, '9007199254740993', 9007199254740992],
  [9223372036854775807n, '9223372036854775807', 2 ** 63],
  [-9223372036854775808n, '-9223372036854775808', -(2 ** 63)],
  [1.5, '1.5', 1.5],
  [{ double: 3 }, '3', 3],
  [{ double: -0 }, '-0', -0],
  [{ double: 1e21 }, '1e+21', 1e21],
  [{ double: 1e-7 }, '1e-7', 1e-7],
  [{ double: Number.NaN }, 'NaN', Number.NaN],
  [{ double: Number.POSITIVE_INFINITY }, 'Infinity', Number.POSITIVE_INFINITY],
  [{ double: Number.NEGATIVE_INFINITY }, '-Infinity', Number.NEGATIVE_INFINITY],
  [new Uint8Array([0, 255, 16]), 'AP8Q', 'AP8Q'],
  [null, '', ''],
  [['a', 1, true, null, 1.5], '["a",1,true,null,1.5]', '["a",1,true,null,1.5]'],
  [[], '[]', '[]'],
  [[9007199254740993n], '[9007199254740993]', '[9007199254740993]'],
  [
    { map: { b: '<&>', 10: 1, a: { map: { y: ['x'] } }, 9: { double: Number.NaN } } },
    '{"10":1,"9":"NaN","a":{"y":["x"]},"b":"<&>"}',
    '{"10":1,"9":"NaN","a":{"y":["x"]},"b":"<&>"}',
  ],
]

test.for(VALUES.map(([value, stored, compared]) => ({ value, stored, compared })))(
  'a value is stored as $stored',
  ({ value, stored, compared }) => {
    for (const encoding of ENCODINGS) {
      const { row, field } = decodeLog(value, encoding)
      expect(row?.Body).toBe(stored)
      expect(row?.LogAttributes).toEqual({ a: stored })
      expect(field).toBe(compared)
    }
  },
)

test('a key that comes twice has its last value, and any key is just a key', () => {
  const document = logs({}, [{ atMs: NOW_MS }])
  const attributes = [
    ...keyValues({ k: 'first', b: 1 }),
    ...keyValues({ k: 'last', ['__proto__']: 'p', constructor: 'c' }),
  ]
  const withKeys = JSON.parse(
    JSON.stringify(document).replace(
      '"attributes":[],"event',
      `"attributes":${JSON.stringify(attributes)},"event`,
    ),
  )
  for (const encoding of ENCODINGS) {
    const batch = decodeOk(
      createTestDecoder(),
      request('logs', withKeys, { encoding, receivedUnixMs: NOW_MS }),
    )
    const stored = rowsOf(batch, 'otel_logs')[0]?.LogAttributes ?? {}
    const pairs = [
      ['__proto__', 'p'],
      ['b', '1'],
      ['constructor', 'c'],
      ['k', 'last'],
    ]
    expect(Object.entries(stored)).toEqual(pairs)
    expect(unitOf(batch, 'log')[0]?.field('k')).toBe('last')
    expect(unitOf(batch, 'log')[0]?.field('toString')).toBeUndefined()
  }
})

test('text that is no UTF-8 is mended, not refused', () => {
  const document = logs({}, [{ atMs: NOW_MS, body: 'cutXhere' }])
  for (const encoding of ENCODINGS) {
    const otlp = request('logs', document, { encoding, receivedUnixMs: NOW_MS })
    const body = Buffer.from(otlp.body)
    body[body.indexOf('cutXhere') + 3] = 0xff
    const [row] = rowsOf(decodeOk(createTestDecoder(), { ...otlp, body }), 'otel_logs')
    expect(row?.Body).toBe('cut\ufffdhere')
  }
})

test('keys are ordered by their UTF-8 bytes', () => {
  const keys = ['\u{1f600}', '\uffff', 'b', 'a.b', 'a', 'é', 'B']
  const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect([...keys].sort(compareUtf8)).toEqual(byBytes)
})

test('JSON is read as leniently as the Collector reads it', () => {
  const body = JSON.stringify({
    resource_spans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { string_value: 'svc' } }] },
        unknown: { deep: [1] },
        scope_spans: [
          {
            spans: [
              {
                trace_id: '5B8EFFF798038103D269B633813FC60C',
                spanId: 'EEE19B7EC3C1B174',
                kind: 'SPAN_KIND_CLIENT',
                startTimeUnixNano: NOW_MS * 1e6,
                end_time_unix_nano: String(BigInt(NOW_MS) * 1_000_000n + 7n),
                status: { code: 'STATUS_CODE_ERROR', message: null },
                attributes: [
                  { key: 'n', value: { intValue: 5 } },
                  { key: 'd', value: { doubleValue: '2.5' } },
                  { key: 'list', value: { arrayValue: { values: [null, {}] } } },
                  { key: 'none' },
                ],
              },
            ],
          },
        ],
      },
    ],
  })
  const otlp = {
    signal: 'traces',
    encoding: 'json',
    body: Buffer.from(body),
    receivedUnixMs: NOW_MS,
  } as const
  const [row] = rowsOf(decodeOk(createTestDecoder(), otlp), 'otel_traces')
  expect(row).toMatchObject({
    TraceId: '5b8efff798038103d269b633813fc60c',
    SpanId: 'eee19b7ec3c1b174',
    SpanKind: 'Client',
    ServiceName: 'svc',
    StatusCode: 'Error',
    Duration: '7',
    SpanAttributes: { n: '5', d: '2.5', list: '[null,null]', none: '' },
  })
})

test.for([
  ['', 1],
  ['vendor=x', 1],
  ['ot=th:8', 2],
  ['ot=rv:abc;th:c', 4],
  ['vendor=x, ot=th:fd70a4;rv:1', 2 ** 56 / (2 ** 56 - 0xfd70a400000000)],
  ['ot=th:0', 1],
  ['ot=th:zz', 1],
] as const)('trace state "%s" weighs %d', ([traceState, weight]) => {
  expect(weightOf(traceState)).toBeCloseTo(weight, 9)
})
