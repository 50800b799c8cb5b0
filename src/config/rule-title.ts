import Handlebars from 'handlebars'
import { formatDurationMs } from '../lib/duration.ts'

/** Renders a rule's title from the group's `by` values and the judgement. */
export type RenderTitle = (facts: Readonly<Record<string, unknown>>) => string

const HELPERS = {
  /** 0.473 → `47 %`, 0.031 → `3.1 %`. */
  percent: (value: unknown) => {
    if (!isNumber(value)) return '–'
    const percent = value * 100
    return `${percent >= 10 ? Math.round(percent) : Number(percent.toFixed(1))} %`
  },
  /** Milliseconds → `12s`, `340ms`. */
  duration: (value: unknown) => {
    if (!isNumber(value)) return typeof value === 'string' ? value : '–'
    return formatDurationMs(value >= 10_000 ? Math.round(value / 1_000) * 1_000 : Math.round(value))
  },
  /** At most two decimals. */
  number: (value: unknown) => (isNumber(value) ? String(Number(value.toFixed(2))) : '–'),
}

/**
 * Compiles a Handlebars title; names that the facts lack render as nothing.
 * @throws Error for a syntax fault or an unknown helper
 */
export function compileTitle(template: string): RenderTitle {
  const own = Handlebars.create()
  own.registerHelper(HELPERS)
  const helpers = Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true as const]))
  // `precompile` meets syntax faults and unknown helpers now; `compile` would wait until rendering.
  try {
    own.precompile(template, { knownHelpers: helpers, knownHelpersOnly: true })
  } catch (fault) {
    throw toReadable(fault)
  }
  const render = own.compile(template, { noEscape: true })
  // The first verdict must not wait for what `compile` puts off.
  render({})
  return (facts) => render(facts)
}

/** Handlebars names its option; the author of a title wants to know which helpers there are. */
function toReadable(fault: unknown): unknown {
  const name = fault instanceof Error && /unknown helper (\S+)/.exec(fault.message)?.[1]
  if (!name) return fault
  return new Error(`there is no helper ${name}; there are ${Object.keys(HELPERS).join(', ')}`)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
