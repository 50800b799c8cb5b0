import type { RouteView } from '../model/route.ts'
import type { Answers, Replicas } from './fleet.ts'

/** Tells the terminal what happens, each line with the time since the demo began. */
export interface Narrator {
  /** A headline: what begins now. */
  phase(text: string): void
  /** Something that happened. */
  event(text: string): void
  /** How things stand. */
  progress(state: Progress): void
  /** Text without a time. */
  write(text: string): void
}

export interface Progress {
  readonly answers: Answers
  readonly overS: number
  readonly view: RouteView
  readonly replicas: Replicas
}

export function createNarrator(write: (text: string) => void): Narrator {
  const startMs = performance.now()
  const stamp = () => {
    const s = Math.floor((performance.now() - startMs) / 1_000)
    return `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`
  }
  return {
    phase: (text) => write(`\n${stamp()}  ${text}\n`),
    event: (text) => write(`${stamp()}    > ${text}\n`),
    progress({ answers, overS, view, replicas }) {
      const total = answers.ok + answers.failed
      const perS = `${Math.round(total / overS)}`.padStart(4)
      const failing = `${((answers.failed / Math.max(1, total)) * 100).toFixed(1)}`.padStart(5)
      const shares = view.desired.targets
        .filter(({ weight }) => weight > 0)
        .map(({ target, weight }) => `${target} ${Math.round(weight * 100)} %`)
      const inhibitors = view.inhibitors.map(({ kind }) => ` [${kind}]`).join('')
      write(
        `${stamp()}    ${perS} requests/s  ${failing} % failing  ${view.state.padEnd(8)} ` +
          `${view.epoch}.${view.generation}  ${shares.join(', ')}${inhibitors}  ` +
          `pods ${replicas.available}/${replicas.desired}\n`,
      )
    },
    write,
  }
}
