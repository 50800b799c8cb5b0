import { defineConfig } from 'vitest/config'

// Layout: seconds, no services. Fast: everything that needs at most a local child process.
// Slow: faults, crashes, soak, browser. Long: the random ones of them, many times,
// and slices of the long benchmarks. Files run in processes (not threads): the embedded
// engine crashes a process that loads it in a worker thread. Those of the fast suite share two
// processes and what these imported, which else costs half a CPU-second a file: so a module keeps no
// state of a test, and registers no hooks when it is imported (only the first file would have them).

/** A quarter of a minute as it passes, compared instant by instant: it needs the machine for itself. */
const REAL_TIME = 'test/scenario/backtest.test.ts'

const built = { globalSetup: ['test/build.ts'] }
const common = { pool: 'forks' as const, testTimeout: 20_000, hookTimeout: 60_000, root: '.' }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'layout', include: ['test/tidy.test.ts'] } },
      {
        test: {
          ...common,
          ...built,
          name: 'fast',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/tidy.test.ts', 'test/{fault,browser,soak,long}/**', REAL_TIME],
        },
      },
      {
        test: {
          ...common,
          ...built,
          name: 'slow',
          // Of the long runs, a slice: 20 s of soak and of outage.
          include: [
            ...['test/{fault,browser,soak}/**/*.test.ts', 'test/long/{outage,soak}.test.ts'],
            REAL_TIME,
          ],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...common,
          ...built,
          name: 'long',
          include: ['test/fault/random-*.test.ts', 'test/long/**/*.test.ts'],
          testTimeout: 300_000,
          env: { SIGNALBOX_TEST_KILLS: process.env.SIGNALBOX_TEST_KILLS ?? '30' },
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
