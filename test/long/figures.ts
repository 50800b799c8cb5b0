import type { BenchOptions } from '../../src/bench/bench-options.ts'

/** The last line that a benchmark prints. */
export async function figuresOf(
  bench: (options: BenchOptions) => Promise<void>,
  options: Pick<BenchOptions, 'seconds' | 'spansPerS'>,
): Promise<Readonly<Record<string, unknown>>> {
  let last: Readonly<Record<string, unknown>> = {}
  await bench({
    ...options,
    runCount: 1,
    progress: () => {},
    emit: (figures) => {
      last = figures
    },
  })
  return last
}
