import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { VERSION } from '../config/package-files.ts'
import { ack } from './ack.ts'
import { type BacktestOptions, backtest } from './backtest.ts'
import { type CheckCommandOptions, check } from './check.ts'
import { runDemo } from './demo.ts'
import { fetchReport } from './report.ts'
import { ROUTE_ACTIONS, type RouteOptions, route } from './route.ts'
import { serve } from './serve.ts'
import type { Shell } from './shell.ts'

export interface Program {
  /** Runs the command of `argv`; resolves to its exit code, throws CommanderError on wrong usage. */
  run(argv: readonly string[]): Promise<number>
}

/** Names that are taken, so that they never mean anything else. */
const NOT_YET = ['compare', 'policy', 'drill', 'export', 'import']

const positive = (text: string) => {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above 0')
  return value
}

const share = (text: string) => {
  const value = Number(text)
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('expected a number between 0 and 1')
  return value
}

export function createProgram(shell: Shell): Program {
  let exitCode = 0
  const runs =
    <A extends unknown[]>(command: (...args: A) => Promise<number>) =>
    async (...args: A) => {
      exitCode = await command(...args)
    }
  const program = new Command('signalbox')
    .description(
      'Detects outages of image-generation fleets, moves traffic to a fallback, proves it.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError()

  program
    .command('serve', { isDefault: true })
    .description('ingest, detect, fail over, page, report: everything in one process')
    .option('--ready-file <file>', 'write the addresses here when ready (JSON, mode 0600)')
    .option('--speed <factor>', 'divide every duration, for rehearsals in fast motion', positive, 1)
    .action(runs((options: { readyFile?: string; speed: number }) => serve(options, shell)))
  program
    .command('check')
    .description(
      'validate the files of alerts/, run the rule tests, say how often chance trips rules',
    )
    .argument('[dir]', 'the folder; default SIGNALBOX_ALERTS_DIR or ./alerts')
    .option('--volume <n>', 'items a second in each group; default the worst', positive)
    .option('--noise <share>', 'failing share of a healthy group; default 0.1 or less', share)
    .option('--url <url>', 'a running server, whose groups have volumes of their own')
    .action(
      runs((dir: string | undefined, options: CheckCommandOptions) =>
        check({ ...options, ...(dir !== undefined && { dir }) }, shell),
      ),
    )
  program
    .command('demo')
    .description('a simulated fleet plays an outage in fast motion, ending in a post-mortem')
    .option('--seed <n>', 'seed of everything random', positive, 1)
    .option('--keep', 'leave the server running afterwards, to look around')
    .action(runs((options: { seed: number; keep?: boolean }) => runDemo(options, shell)))
  addRemoteCommands(program, { shell, runs })

  return {
    async run(argv) {
      // `serve` runs when no command is named, and would take a misspelt one for its argument.
      const [, , name] = argv
      const isKnown = [...program.commands.map((one) => one.name()), 'help'].includes(name ?? '')
      if (name !== undefined && !name.startsWith('-') && !isKnown)
        program.error(unknownCommand(name), { exitCode: 2 })
      await program.parseAsync([...argv])
      return exitCode
    },
  }
}

function unknownCommand(name: string): string {
  return NOT_YET.includes(name)
    ? `error: ${name} is not there yet; signalbox --help lists what is`
    : `error: unknown command '${name}'; signalbox --help lists all`
}

interface RemoteContext {
  readonly shell: Shell
  readonly runs: <A extends unknown[]>(
    command: (...args: A) => Promise<number>,
  ) => (...args: A) => Promise<void>
}

/** Commands that talk to a running server through its API. */
function addRemoteCommands(program: Command, { shell, runs }: RemoteContext): void {
  const remote = (name: string) =>
    program
      .command(name)
      .option('--url <url>', 'address of the server; default SIGNALBOX_URL or the local port')
  remote('report')
    .description('print the post-mortem of an incident')
    .argument('<incident>')
    .addOption(new Option('--format <format>').choices(['json', 'md', 'html']).default('md'))
    .action(
      runs((id: string, options: { url?: string; format: string }) =>
        fetchReport({ id, ...options }, shell),
      ),
    )
  remote('backtest')
    .description('replay rules over recorded telemetry: when they would have fired and cleared')
    .option('--from <time>', 'RFC 3339, or how long ago: 24h')
    .option('--to <time>', 'likewise; default now')
    .option('--rules <dir>', 'try the rule files of this folder; default the rules in force')
    .option('--incident <id>', 'the time around an incident')
    .option('--export <file>', 'write the first trip as a rule test')
    .option('--rule <id>', 'of which rule; default the first of the incident')
    .option('--json', 'everything, as JSON')
    .action(runs((options: BacktestOptions) => backtest(options, shell)))
  remote('route')
    .description('hold, force, release or fail back a route')
    .addArgument(new Argument('<action>').choices(ROUTE_ACTIONS))
    .argument('<route>')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--target <target>', 'where to send traffic (force)')
    .option('--ttl <duration>', 'for how long (hold, force, maintenance)', '30m')
    .option('--override <rules>', 'safety rules to override, by id, separated by commas')
    .action(
      runs((action: string, name: string, options: RouteOptions) =>
        route({ ...options, action, route: name }, shell),
      ),
    )
  remote('ack')
    .description('acknowledge an incident')
    .argument('<incident>')
    .action(runs((id: string, options: { url?: string }) => ack({ id, ...options }, shell)))
}
