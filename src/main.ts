#!/usr/bin/env node
import { exitCodeOf } from './cli/exit.ts'
import { createProgram } from './cli/program.ts'

// The process: arguments, environment, signals, exit code. Everything else is handed on.
const program = createProgram({
  env: process.env,
  write: (text) => process.stdout.write(text),
  onStopSignal: (stop) => {
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  },
  onReloadSignal: (reload) => process.on('SIGHUP', reload),
  isTerminal: process.stdout.isTTY === true,
})

try {
  process.exitCode = await program.run(process.argv)
} catch (fault) {
  process.exitCode = exitCodeOf(fault, (text) => process.stderr.write(text))
}
// Exit even when a library left a timer or a socket behind: everything of ours has stopped by now.
process.exit()
