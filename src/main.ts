process.stdout.write('signalbox\n')
