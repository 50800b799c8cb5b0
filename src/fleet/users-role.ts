import { Agent, request } from 'node:http'
import type { Command, Role, Tell } from './messages.ts'
import { createCrowd, type Person } from './people.ts'
import { createRandom } from './random.ts'
import type { UsersConfig } from './role-config.ts'

// Open loop: people arrive at the rate that is set, whether or not the service keeps up. A closed
// loop would wait with the service and hide its outage.

const TICK_MS = 10
const TELL_EVERY_MS = 500
/** Far beyond any answer: only a hung router is given up. */
const PATIENCE_MS = 30_000

export async function startUsers(config: UsersConfig, tell: Tell): Promise<Role> {
  const random = createRandom(config.seed).fork('users')
  const crowd = createCrowd({ random, routerCount: config.routerUrls.length, countMin: 1_500 })
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const open = new Set<Promise<void>>()
  let perMs = 0
  let isStopping = false
  let answers = { ok: 0, failed: 0 }

  const ask = (person: Person) => {
    const run = visit(person).finally(() => open.delete(run))
    open.add(run)
  }
  const visit = async (person: Person): Promise<void> => {
    const order = crowd.order()
    const status = await post({ agent, url: config.routerUrls[person.router] ?? '', person, order })
    const isFailed = status >= 500 || status === 0
    if (isFailed) answers.failed += 1
    else answers.ok += 1
    if (!isFailed) return crowd.giveBack(person)
    person.triesLeft -= 1
    // Who failed too often leaves; the others think a while and try again.
    if (person.triesLeft <= 0 || isStopping) return
    setTimeout(() => !isStopping && ask(person), config.thinkMs * (0.5 + random.unit()))
  }

  let nextMs = performance.now()
  const arrivals = setInterval(() => {
    const nowMs = performance.now()
    if (perMs === 0) nextMs = nowMs
    while (perMs > 0 && nextMs <= nowMs) {
      ask(crowd.take())
      nextMs += random.exponential(1 / perMs)
    }
  }, TICK_MS)
  const telling = setInterval(() => {
    tell({ type: 'answers', ...answers })
    answers = { ok: 0, failed: 0 }
  }, TELL_EVERY_MS)

  return {
    command(command: Command) {
      if (command.type === 'rate') perMs = command.requestsPerS / 1_000
    },
    async stop() {
      isStopping = true
      clearInterval(arrivals)
      clearInterval(telling)
      await Promise.all(open)
      agent.destroy()
    },
  }
}

interface Post {
  readonly agent: Agent
  readonly url: string
  readonly person: Person
  readonly order: {
    readonly class: { readonly name: string; readonly images: number }
    readonly prompt: string
  }
}

/** The HTTP status, 0 when there was none. */
function post({ agent, url, person, order }: Post): Promise<number> {
  const body = JSON.stringify({
    class: order.class.name,
    images: order.class.images,
    prompt: order.prompt,
  })
  return new Promise((resolve) => {
    const sent = request(`${url}/v1/images`, {
      method: 'POST',
      agent,
      timeout: PATIENCE_MS,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-session-id': person.session,
        'x-region': person.region,
      },
    })
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(0))
    sent.end(body)
  })
}
