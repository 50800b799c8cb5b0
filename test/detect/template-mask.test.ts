import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headOf } from '../../src/detect/template-head.ts'
import { createMasker, TEXT_MAX, TOKENS_MAX } from '../../src/detect/template-mask.ts'

const mask = (text: string) => createMasker().mask(text)

test.for([
  ['Tried to allocate 1.35 GiB (GPU 0; 8.00 GiB total', 'Tried to allocate <*> (GPU <*> total'],
  ['took 12µs, 3 s, 1 second at 93%', 'took <*> at <*>'],
  ['3 pods, 1 m', '<*> pods, <*>'],
  ['step 3/20 of run #17', 'step <*> of run #<*>'],
  ['id 5f2b0c1e-1111-4222-a333-444455556666 at 0x7f00', 'id <*> at <*>'],
  ['from 10.0.0.1:5555 to [fe80::c]:80', 'from <*> to [<*>]:<*>'],
  ['bus PCI:0000:af:00 on cuda:0', 'bus PCI:<*> on cuda:<*>'],
  ['read /models/base.safetensors and ./x, ~/y', 'read <*> and <*>'],
  ['read a/b/c or and/or nvidia.com/gpu', 'read <*> or and/or nvidia.com/gpu'],
  ['loaded flux.safetensors with torch.cuda.amp', 'loaded <*> with torch.cuda.amp'],
  ['see https://a.example/b?c=d, or mail me@example.com.', 'see <*>, or mail <*>.'],
  ['pod sd-eu-bcdfg-xzzqr in out-of-memory', 'pod <*> in out-of-memory'],
  ["KeyError: 'lora scale' can't be", "KeyError: <*> can't be"],
  ["prompt: 'it's \\'a cat', n", 'prompt: <*>, n'],
  ['pool=sd-eu free=3GiB level=warn error=timeout', 'pool=<*> free=<*> level=warn error=timeout'],
  ['msg="no credits left" user="bob c"', 'msg="no credits left" user=<*>'],
  ['{"msg": "model lost", "user": "bob", "n": 3}', '{"msg": "model lost", "user": <*>, "n": <*>}'],
  ['Size([2, 4, 64]) or Size([7])', 'Size([<*>]) or Size([<*>])'],
  ["one of ['a', 'b', 'c d']", 'one of [<*>]'],
  ['"GET /a?b=c HTTP/1.1" 504 0', '"GET <*> HTTP/1.1" 504 <*>'],
  ['NVRM: Xid (PCI:0000:3b:00): 79, pid=7', 'NVRM: Xid (PCI:<*>): 79, pid=<*>'],
  ['Mon Jan  5 14:32:07 host', '<*> <*> <*> <*> host'],
  ['May the model be Sat', 'May the model be Sat'],
  [' 45%|████▌     | 9/20 [00:03<00:04, 2.7it/s]', '<*> <*> [<*>]'],
  ['\u001b[32mINFO\u001b[0m:  ok', 'INFO: ok'],
  ['  a \t b\u0000c ', 'a b c'],
  ['x==3 y= 4 z=,', 'x==<*> y= <*> z=,'],
  ['加载模型3失败', '加载模型<*>失败'],
  ['Größe 3 überschritten', 'Größe <*> überschritten'],
  ['', ''],
] as const)('%s -> %s', ([line, masked]) => {
  expect(mask(line)).toBe(masked)
})

test('what is masked once is masked: nothing of a parameter is left, and words stay', () => {
  const word = fc.constantFrom(
    'model',
    'lost',
    'GPU',
    'out-of-memory',
    'retry',
    'and/or',
    'RuntimeError:',
  )
  const number = fc.integer({ min: 0, max: 1_000_000 }).map(String)
  const parameter = fc.oneof(
    number,
    fc.uuid(),
    fc.ipV4(),
    fc.webUrl().filter((url) => /^[\w:/.?=&%-]*\w$/.test(url)),
    fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
  )
  const parts = fc.array(fc.record({ word, one: parameter, other: parameter }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(parts, (list) => {
      const line = (key: 'one' | 'other') =>
        list.map((part) => `${part.word} ${part[key]}`).join(' ')
      expect(mask(line('one'))).toBe(mask(line('other')))
      for (const { word: kept } of list) expect(mask(line('one'))).toContain(kept)
    }),
    { numRuns: 300 },
  )
})

test('any string at all is masked within bounds, the same each time', () => {
  const masker = createMasker()
  const any = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3_000 }),
    // Lone surrogates, and whatever the scanner looks at.
    fc
      .array(
        fc.constantFrom(...'\ud800\udfff\'"`=:;,<>[]{}()|%./@\\-_+~ \n\t01aZé漢\u001b[mXidHTTP'),
        { maxLength: 3_000 },
      )
      .map((all) => all.join('')),
  )
  fc.assert(
    fc.property(any, (text) => {
      const masked = masker.mask(text)
      expect(masked.length).toBeLessThanOrEqual(2 * TEXT_MAX)
      expect(masked.split(' ').length).toBeLessThanOrEqual(TOKENS_MAX)
      expect(createMasker().mask(text)).toBe(masked)
    }),
    { numRuns: 1_000 },
  )
})

test.for([
  { text: 'one\ntwo', head: 'one' },
  { text: '\n\n  one\r\ntwo', head: 'one\r' },
  {
    text: 'Traceback (most recent call last):\n  File "a.py", line 3\n    x()\nValueError: bad seed',
    head: 'Traceback (most recent call last): ValueError: bad seed',
  },
  {
    text: 'failed\nTraceback (most recent call last):\n  x\na.b.OOMError: full\nmore words\n\n',
    head: 'failed a.b.OOMError: full',
  },
  {
    text: 'Traceback (most recent call last):\n  nothing raised',
    head: 'Traceback (most recent call last):',
  },
  { text: 'at first\njava.lang.Error: no Python', head: 'at first' },
])('the head of $text', ({ text, head }) => {
  expect(headOf(text)).toBe(head)
})

test('of a long traceback both ends are seen, and no more', () => {
  const trace = `job failed\nTraceback (most recent call last):\n${'  File "a.py"\n'.repeat(80_000)}KeyError: 'x'\n`
  expect(trace.length).toBeGreaterThan(1_000_000)
  expect(headOf(trace)).toBe("job failed KeyError: 'x'")
  expect(headOf('x'.repeat(1_000_000))).toHaveLength(TEXT_MAX + 1)
})
