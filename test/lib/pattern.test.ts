import { expect, test } from 'vitest'
import { compileMatchers } from '../../src/lib/matcher.ts'
import { isFound, patternFault } from '../../src/lib/pattern.ts'
import { cpuMs } from './cpu-time.ts'

test.for(['(a+)+$', '(?:a|aa)*$', '((a*)b?){20}', '(x(?:y+)?)*', '([a-z]+)*$', '(?:\\w{3,})+'])(
  '%s is refused: it may take for ever',
  (pattern) => {
    expect(patternFault(pattern)).toContain('for ever')
  },
)

test.for([
  '(?:CUDA|HIP) out of memory',
  '(\\d+\\.){3}\\d+',
  '^(?!\\d+/\\d+ nodes are available)|Insufficient \\S*(?:gpu|mig-)',
  '[(]a+[)]+',
  '\\(a+\\)+',
  '(?:abc)+',
  '(?<word>a+)?',
  'a{2,}b*',
])('%s is taken', (pattern) => {
  expect(patternFault(pattern)).toBeUndefined()
})

test('what is no pattern, or a far too long one, is named as such', () => {
  expect(patternFault('(')).toBe('not a valid regular expression')
  expect(patternFault('a'.repeat(2_001))).toContain('2000')
})

test('of a long text both ends are searched, in bounded time', () => {
  const traceback = `first line\n${'  at somewhere\n'.repeat(100_000)}CUDA out of memory`
  expect(isFound(/^first/, traceback)).toBe(true)
  expect(isFound(/CUDA out of memory$/, traceback)).toBe(true)
  const startMs = cpuMs()
  expect(isFound(/\s+$/, `${' '.repeat(5_000_000)}x`)).toBe(false)
  expect(cpuMs() - startMs).toBeLessThan(2_000)
  const matches = compileMatchers({ body: { match: 'memory$' } })
  expect(matches((key) => (key === 'body' ? traceback : undefined))).toBe(true)
})
