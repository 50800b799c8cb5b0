import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { compileMatchers, type FieldReader, type Matcher } from '../lib/matcher.ts'
import type { SilenceView } from '../model/silence.ts'
import type { StateStore } from '../model/state-store.ts'

const COUNT_MAX = 1_000

/** Silences made by people: they suppress pages, never evaluation, and always end. */
export interface Silences {
  /** Those in force, ending first. */
  list(): readonly SilenceView[]
  create(silence: Omit<SilenceView, 'id' | 'created_at'>): SilenceView
  /** False when it is not known. */
  remove(id: string): boolean
  matching(labels: Readonly<Record<string, string>>): SilenceView | undefined
}

interface Compiled {
  readonly view: SilenceView
  readonly match: (read: FieldReader) => boolean
}

export function createSilences(options: {
  readonly store: StateStore
  readonly clock: Clock
}): Silences {
  const { store, clock } = options
  const silences = new Map<string, Compiled>()
  const compile = (view: SilenceView): Compiled => ({
    view,
    match: compileMatchers(view.matchers as Record<string, Matcher>),
  })
  for (const { value } of store.list<SilenceView>('silence/')) {
    silences.set(value.id, compile(value))
  }
  const remove = (id: string) => {
    if (!silences.delete(id)) return false
    store.commit([{ key: `silence/${id}`, value: undefined }])
    return true
  }
  const inForce = () => {
    const nowMs = clock.nowMs()
    for (const { view } of silences.values()) {
      if (Date.parse(view.ends_at) <= nowMs) remove(view.id)
    }
    return [...silences.values()]
  }
  return {
    remove,
    list: () =>
      inForce()
        .map(({ view }) => view)
        .sort((a, b) => Date.parse(a.ends_at) - Date.parse(b.ends_at)),
    create(silence) {
      const at = clock.nowMs()
      const id = `sil_${at.toString(36)}${randomBytes(4).toString('hex')}`
      const view = { id, ...silence, created_at: new Date(at).toISOString() }
      const compiled = compile(view)
      const oldest = silences.size >= COUNT_MAX ? silences.keys().next().value : undefined
      if (oldest !== undefined) remove(oldest)
      store.commit([{ key: `silence/${id}`, value: view }])
      silences.set(id, compiled)
      return view
    },
    matching: (labels) => inForce().find(({ match }) => match((key) => own(labels, key)))?.view,
  }
}

/** `constructor` is a label only where somebody set it. */
function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
