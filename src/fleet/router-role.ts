import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StateData } from '../model/desired.ts'
import { createRouterClient, type RouterClient } from '../router/client.ts'
import { readBytes } from './http-json.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { Command, Role, Tell } from './messages.ts'
import { createProxy } from './proxy.ts'
import type { RouterConfig } from './role-config.ts'
import { createSenders, type Senders } from './senders.ts'
import { createUpstream } from './upstream.ts'

interface Connected {
  readonly client: RouterClient
  readonly senders: Senders
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>
}

const HOOK_BYTES_MAX = 65_536

/**
 * One router: users' requests on `/v1/images`, Signalbox's webhook on `/hook`. It listens before it
 * is connected, because Signalbox must know where, and connects when Signalbox is up.
 */
export async function startRouter(config: RouterConfig, tell: Tell): Promise<Role> {
  const ledger = createLedger(config.ledgerFile)
  const upstreams = new Map([config.primary, ...config.fallbacks].map((t) => [t, createUpstream()]))
  let connected: Connected | undefined
  const server = createServer((request, response) => {
    const run = async () => {
      if (!connected) response.writeHead(503).end()
      else if (request.url === '/hook') await hear({ connected, config, ledger, request, response })
      else await connected.serve(request, response)
    }
    run().catch((fault: unknown) => {
      response.destroy()
      tell({ type: 'fault', message: String(fault) })
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  tell({ type: 'listening', url, webhookUrl: `${url}/hook` })

  const connect = async (command: Extract<Command, { type: 'connect' }>) => {
    const senders = createSenders({
      otlpUrl: command.otlpUrl,
      metricEveryMs: config.metricEveryMs,
      resource: {
        'service.name': 'image-router',
        'service.instance.id': config.name,
        'signalbox.component': 'router',
      },
    })
    const client = createRouterClient({
      router: config.name,
      routes: { [config.route]: { primary: config.primary, fallbacks: config.fallbacks } },
      stateFile: config.stateFile,
      controllerUrl: command.controllerUrl,
      webhook: { secrets: [config.secret] },
      onEvent: (event) => {
        if (event.kind === 'applied') writeState(ledger, config, event.data)
      },
    })
    await client.start()
    const serve = createProxy({ config, client, upstreams, senders, ledger })
    connected = { client, senders, serve }
    tell({ type: 'connected' })
  }
  return {
    async command(command: Command) {
      if (command.type === 'connect') await connect(command)
      if (command.type === 'endpoints') upstreams.get(command.target)?.set(command.urls)
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      for (const upstream of upstreams.values()) upstream.close()
      await connected?.client.stop()
      await connected?.senders.shutdown()
      await ledger.close()
    },
  }
}

async function hear(push: {
  readonly connected: Connected
  readonly config: RouterConfig
  readonly ledger: Ledger
  readonly request: IncomingMessage
  readonly response: ServerResponse
}): Promise<void> {
  const { connected, config, ledger, request, response } = push
  const rawBody = await readBytes(request, HOOK_BYTES_MAX)
  if (rawBody === undefined) {
    response.destroy()
    return
  }
  const answer = connected.client.handleWebhook({ headers: request.headers, rawBody })
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer.body))
  if (answer.status !== 200) return
  const message = JSON.parse(rawBody.toString('utf8')) as { type: string; data: StateData }
  // The client tells of new generations only; what it was told of states is in the push alone.
  if (message.type === 'failover.state.v1' && !message.data.dry_run) {
    writeState(ledger, config, message.data)
  }
}

function writeState(ledger: Ledger, config: RouterConfig, data: StateData): void {
  ledger.write({
    kind: 'state',
    router: config.name,
    route: data.route,
    atMs: Date.now(),
    epoch: data.epoch,
    generation: data.generation,
    version: data.version,
    state: data.state,
    targets: data.desired.targets,
    decidedMs: Date.parse(data.decided_at),
  })
}
