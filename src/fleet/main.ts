import { fileURLToPath } from 'node:url'
import { startAutoscaler } from './autoscaler-role.ts'
import { type DemoOptions, playDemo } from './demo.ts'
import type { Command, Report, Role } from './messages.ts'
import type { RoleConfig } from './role-config.ts'
import { startRouter } from './router-role.ts'
import { startUsers } from './users-role.ts'
import { startWorkers } from './workers-role.ts'

// One process of the fleet, forked with a channel to its parent: `main.js router|workers|…`, or
// `main.js demo JSON`, which forks all the others. It lives and dies with the parent: when the
// channel closes, it goes.

const tell = (report: Report) => {
  if (process.connected) process.send?.(report)
}

function start(config: RoleConfig): Promise<Role> {
  switch (config.role) {
    case 'router':
      return startRouter(config, tell)
    case 'workers':
      return startWorkers(config, tell)
    case 'autoscaler':
      return startAutoscaler(config, tell)
    case 'users':
      return startUsers(config, tell)
  }
}

let role: Role | undefined

async function obey(command: Command) {
  if (command.type === 'configure') {
    role = await start(command.config)
    tell({ type: 'ready' })
  } else if (command.type === 'stop') {
    await role?.stop()
    tell({ type: 'stopped' })
    process.disconnect()
  } else await role?.command(command)
}

function serveRole() {
  process.on('message', (command: Command) => {
    obey(command).catch((fault: unknown) => {
      tell({ type: 'fault', message: fault instanceof Error ? (fault.stack ?? '') : String(fault) })
    })
  })
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C goes to the whole group; the parent decides in which order things end.
  process.on('SIGINT', () => {})
}

type DemoArguments = Pick<DemoOptions, 'seed' | 'keep' | 'speed' | 'outDir'>

async function runDemo(argument: string): Promise<number> {
  const stopping = new AbortController()
  const abort = () => stopping.abort(new Error('stopped'))
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, abort)
  try {
    return await playDemo({
      ...(JSON.parse(argument) as DemoArguments),
      packageDir: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
      env: process.env,
      signal: stopping.signal,
      write: (text) => process.stdout.write(text),
    })
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : String(fault)
    process.stderr.write(stopping.signal.aborted ? '\ndemo: stopped\n' : `\ndemo: ${reason}\n`)
    return 1
  }
}

if (process.argv[2] === 'demo') process.exit(await runDemo(process.argv[3] ?? '{}'))
else serveRole()
