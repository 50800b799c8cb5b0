import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// NGINX and HAProxy as Debian packages them, each with a configuration of its own in a folder of its
// own, on a Unix socket, so that no port can be taken. Upstreams are servers of this process.

export interface Upstreams {
  /** Answers 200. */
  readonly good: string
  /** Answers 503. */
  readonly failing: string
  /** Answers 200 and breaks off within the body. */
  readonly breaking: string
  /** Takes the request, and never answers. Resolves `reached` with each. */
  readonly hanging: string
  reached(): Promise<unknown>
}

export interface Neighbour {
  readonly dir: string
  readonly socketPath: string
  /** Everything written to its log so far, once there are so many lines. */
  lines(countMin: number): Promise<string[]>
}

export interface Stage {
  readonly upstreams: Upstreams
  start(given: StartOptions): Promise<Neighbour>
  stop(): Promise<void>
}

interface StartOptions {
  readonly command: string
  config(dir: string, socketPath: string): string
  args(configFile: string, dir: string): readonly string[]
  /** The socket, of the folder, that is listened on last and tried first; else the front's own. */
  readonly readySocket?: string
  /** Of the folder; else what it prints is its log. */
  readonly logFile?: string
}

export async function createStage(): Promise<Stage> {
  const servers: Server[] = []
  const children: ChildProcess[] = []
  const folders: string[] = []
  const listen = async (handler: Parameters<typeof createServer>[1]) => {
    const server = createServer(handler as never)
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const hung = createServer()
  const upstreams: Upstreams = {
    good: await listen((_, response) => response.end('image')),
    failing: await listen((_, response) => response.writeHead(503).end('CUDA out of memory')),
    breaking: await listen((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    }),
    hanging: await listen(() => hung.emit('reached')),
    reached: () => once(hung, 'reached'),
  }
  return {
    upstreams,
    async start(options) {
      const dir = mkdtempSync(join(tmpdir(), 'signalbox-neighbour-'))
      folders.push(dir)
      return await startIn(dir, options, children)
    },
    async stop() {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const ended = once(child, 'close')
        child.kill('SIGKILL')
        await ended
      }
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      for (const dir of folders) rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function startIn(
  dir: string,
  options: StartOptions,
  children: ChildProcess[],
): Promise<Neighbour> {
  const socketPath = join(dir, 'front.sock')
  const configFile = join(dir, 'config')
  writeFileSync(configFile, options.config(dir, socketPath))
  const child = spawn(options.command, options.args(configFile, dir), {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let printed = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    child.emit('printed')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = once(child, 'close').then(() => {
    throw new Error(`${options.command} ended: ${errors}${printed}`)
  })
  ended.catch(() => {})
  await Promise.race([ended, isListening(dir, join(dir, options.readySocket ?? 'front.sock'))])
  const { logFile } = options
  const path = logFile === undefined ? undefined : join(dir, logFile)
  const read = () =>
    path === undefined ? printed : existsSync(path) ? readFileSync(path, 'utf8') : ''
  return {
    dir,
    socketPath,
    async lines(countMin) {
      const now = () => read().split('\n').slice(0, -1)
      const changed = new AbortController()
      await new Promise<void>((resolve) => {
        const look = () => now().length >= countMin && resolve()
        if (path === undefined) child.on('printed', look)
        else watch(dir, { signal: changed.signal }, look)
        changed.signal.addEventListener('abort', () => child.off('printed', look))
        look()
      })
      changed.abort()
      return now()
    },
  }
}

/** The socket's file is there before anyone listens on it. */
async function isListening(dir: string, socketPath: string): Promise<void> {
  const watching = new AbortController()
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!existsSync(socketPath)) return
      const probe = connect(socketPath)
      probe.on('connect', () => {
        probe.destroy()
        resolve()
      })
      probe.on('error', () => setImmediate(look))
    }
    watch(dir, { signal: watching.signal }, look)
    look()
  })
  watching.abort()
}

/** A client's request; the status, or undefined when it leaves as soon as `leaveAfter` resolves. */
export function ask(
  { socketPath }: Neighbour,
  path: string,
  options: {
    readonly leaveAfter?: Promise<unknown>
    readonly headers?: Record<string, string>
  } = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'render.test', ...options.headers }
    const outgoing = request({ socketPath, path, headers, agent: false }, (response) => {
      response.resume()
      response.on('close', () => resolve(response.statusCode))
    })
    outgoing.on('error', (fault) => (outgoing.destroyed ? resolve(undefined) : reject(fault)))
    outgoing.end()
    void options.leaveAfter?.then(() => {
      outgoing.destroy()
      resolve(undefined)
    })
  })
}
