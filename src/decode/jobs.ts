import type { Group } from './story.ts'

/** Asynchronous requests that have no end yet, by their deadline on our own clock. */
export interface OpenJobs {
  /** Known already: nothing changes. Beyond 100,000 the oldest is dropped: it stays `unknown`. */
  open(group: Group, dueUnixMs: number): void
  close(group: Group): void
  get(requestId: string): Group | undefined
  /** Takes out those whose deadline has passed, oldest first; at most `countMax`. */
  takeDue(nowUnixMs: number, countMax: number): Group[]
  readonly count: number
}

/** What is told of them; see the metrics of the same names. */
export interface JobEvents {
  jobsOpen(count: number): void
  jobDropped(): void
  jobExpired(): void
}

export const JOBS_MAX = 100_000

export function createOpenJobs({ events }: { readonly events?: JobEvents }): OpenJobs {
  const jobs = new Map<string, { readonly group: Group; readonly dueUnixMs: number }>()
  // No job is due before it, so that a look costs nothing most of the time.
  let nextUnixMs = Number.POSITIVE_INFINITY
  const say = () => events?.jobsOpen(jobs.size)
  return {
    open(group, dueUnixMs) {
      if (jobs.has(group.requestId)) return
      jobs.set(group.requestId, { group, dueUnixMs })
      nextUnixMs = Math.min(nextUnixMs, dueUnixMs)
      // One was added. A look for the oldest steps over all that were closed: only where it must be.
      if (jobs.size > JOBS_MAX) {
        const [oldest = ''] = jobs.keys()
        jobs.delete(oldest)
        events?.jobDropped()
      }
      say()
    },
    close({ requestId }) {
      if (jobs.delete(requestId)) say()
    },
    get: (requestId) => jobs.get(requestId)?.group,
    takeDue(nowUnixMs, countMax) {
      const due: Group[] = []
      if (nowUnixMs < nextUnixMs) return due
      nextUnixMs = Number.POSITIVE_INFINITY
      for (const [requestId, { group, dueUnixMs }] of jobs) {
        if (dueUnixMs > nowUnixMs || due.length >= countMax)
          nextUnixMs = Math.min(nextUnixMs, dueUnixMs)
        else {
          jobs.delete(requestId)
          events?.jobExpired()
          due.push(group)
        }
      }
      if (due.length > 0) say()
      return due
    },
    get count() {
      return jobs.size
    },
  }
}
