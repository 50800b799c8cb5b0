import { randomBytes } from 'node:crypto'
import type { FileSubscriber } from '../config/subscribers.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { SubscriptionEvent, SubscriptionView } from '../model/delivery.ts'
import type { StateStore } from '../model/state-store.ts'
import type { EgressGuard } from './egress.ts'
import { createWebhookSecret } from './sign.ts'
import { fromFile, type Subscription, toSubscriptionView } from './subscription.ts'

const SUBSCRIPTIONS_MAX = 1_000
/** After a rotation both secrets sign for a day: routers are changed one by one. */
const ROTATION_MS = 86_400_000

export interface SubscriptionRequest {
  readonly url: string
  readonly routes: readonly string[]
  readonly events: readonly SubscriptionEvent[]
  readonly router: string
  readonly resolve: 'one' | 'each'
}

/** The subscriptions of the file and of the API, by id. */
export interface SubscriptionBook {
  all(): readonly Subscription[]
  get(id: string): Subscription | undefined
  /** @throws AppError EGRESS_REFUSED, BAD_REQUEST; the answer shows the secret, once */
  create(request: SubscriptionRequest): Promise<SubscriptionView>
  /** A new URL starts an ended subscription again. Undefined when there is none. */
  patch(id: string, request: Partial<SubscriptionRequest>): Promise<SubscriptionView | undefined>
  remove(id: string): boolean
  rotateSecret(id: string): SubscriptionView | undefined
  /** The endpoint said 410: nothing is sent until it is changed. */
  end(id: string): void
  /** Replaces those of the file; returns the ids that are new or changed. */
  reload(subscribers: readonly FileSubscriber[]): readonly string[]
}

export interface SubscriptionBookOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly guard: Pick<EgressGuard, 'check'>
}

const keyOf = (id: string) => `subscription/${id}`

export function createSubscriptionBook(options: SubscriptionBookOptions): SubscriptionBook {
  const { store, clock } = options
  const book = new Map<string, Subscription>()
  // Of a subscription from the file only its end is stored; what it is stands in the file.
  const endedInFile = new Map<string, number>()
  for (const { value } of store.list<Subscription>('subscription/')) {
    if (value.origin === 'api') book.set(value.id, value)
    else if (value.disabledUnixMs !== undefined) endedInFile.set(value.id, value.disabledUnixMs)
  }
  return {
    all: () => [...book.values()],
    get: (id) => book.get(id),
    ...createApiEdits(options, book),
    end(id) {
      const own = book.get(id)
      if (!own || own.disabledUnixMs !== undefined) return
      const ended = { ...own, disabledUnixMs: clock.nowMs() }
      if (own.origin === 'file') endedInFile.set(id, ended.disabledUnixMs)
      // Secrets of the file stay in the file.
      const stored = own.origin === 'api' ? ended : { ...ended, secrets: [] }
      store.commit([{ key: keyOf(id), value: stored }])
      book.set(id, ended)
    },
    reload(subscribers) {
      const next = subscribers.map((one) => fromFile(one, clock.nowMs()))
      for (const { id, origin } of book.values()) {
        if (origin === 'file' && !next.some((one) => one.id === id)) book.delete(id)
      }
      const changed = next.filter((subscription) => {
        const { id } = subscription
        const old = book.get(id)
        const { createdUnixMs } = old ?? subscription
        const disabledUnixMs = endedInFile.get(id)
        const isEnded = disabledUnixMs !== undefined
        const merged = { ...subscription, createdUnixMs, ...(isEnded && { disabledUnixMs }) }
        book.set(id, merged)
        return JSON.stringify(old) !== JSON.stringify(merged)
      })
      // An ended one that left the file may come back later, and then starts anew.
      const gone = [...endedInFile.keys()].filter((id) => !book.has(id))
      for (const id of gone) endedInFile.delete(id)
      if (gone.length > 0) store.commit(gone.map((id) => ({ key: keyOf(id), value: undefined })))
      return changed.map(({ id }) => id)
    },
  }
}

type ApiEdits = Pick<SubscriptionBook, 'create' | 'patch' | 'remove' | 'rotateSecret'>

function createApiEdits(
  options: SubscriptionBookOptions,
  book: Map<string, Subscription>,
): ApiEdits {
  const { store, clock, guard } = options
  const save = (subscription: Subscription) => {
    store.commit([{ key: keyOf(subscription.id), value: subscription }])
    book.set(subscription.id, subscription)
  }
  const editable = (id: string): Subscription | undefined => {
    const own = book.get(id)
    if (own?.origin !== 'file') return own
    throw new AppError('BAD_REQUEST', `${id} is kept in subscribers.yaml: change it there`)
  }
  return {
    async create(request) {
      await checkRequest(request, guard)
      if (book.size >= SUBSCRIPTIONS_MAX) {
        throw new AppError('BAD_REQUEST', `there are ${SUBSCRIPTIONS_MAX} subscriptions already`)
      }
      const text = createWebhookSecret()
      const { resolve: _, ...own } = request
      const subscription: Subscription = {
        ...own,
        id: `sub_${randomBytes(10).toString('hex')}`,
        origin: 'api',
        createdUnixMs: clock.nowMs(),
        secrets: [{ text }],
      }
      save(subscription)
      return toSubscriptionView(subscription, text)
    },
    async patch(id, request) {
      if (!editable(id)) return undefined
      await checkRequest(request, guard)
      // Read again: it may have changed while the address was looked up.
      const own = editable(id)
      if (!own) return undefined
      const { resolve: _, ...changes } = request
      const { disabledUnixMs, ...rest } = { ...own, ...changes }
      const isEnded = disabledUnixMs !== undefined && rest.url === own.url
      const patched = { ...rest, ...(isEnded && { disabledUnixMs }) }
      save(patched)
      return toSubscriptionView(patched)
    },
    remove(id) {
      if (!editable(id)) return false
      store.commit([{ key: keyOf(id), value: undefined }])
      return book.delete(id)
    },
    rotateSecret(id) {
      const own = editable(id)
      if (!own) return undefined
      const text = createWebhookSecret()
      const [old] = own.secrets
      const untilUnixMs = clock.nowMs() + ROTATION_MS
      const secrets = old ? [{ text }, { text: old.text, untilUnixMs }] : [{ text }]
      save({ ...own, secrets })
      return toSubscriptionView({ ...own, secrets }, text)
    },
  }
}

async function checkRequest(
  request: Partial<SubscriptionRequest>,
  guard: Pick<EgressGuard, 'check'>,
): Promise<void> {
  if (request.resolve === 'each') {
    throw new AppError(
      'BAD_REQUEST',
      'resolve: each is not supported yet; subscribe every router with an address of its own',
    )
  }
  if (request.url !== undefined) await guard.check(request.url, 'api')
}
