#!/usr/bin/env node
import { CliError } from './cli-error';
import { costCommand } from './cost-command';
import { doctorCommand } from './doctor-command';
import { samplingCommand } from './sampling-command';
import { ReadError } from '../doctor/template/read-error';

const HELP = `Usage: cdk-traced <command> [options]

  doctor     says what of an app will be traced, and what to change, before it is deployed
  cost       estimates what its traces cost
  sampling   shows which sampling rule takes which requests

'cdk-traced <command> --help' says more.`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = { doctor: doctorCommand, cost: costCommand, sampling: samplingCommand };

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${HELP}\n`);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS[name];
  if (!command) throw new CliError(`there is no command '${name}'; there is ${Object.keys(COMMANDS).join(', ')}`);
  return command(args);
}

// What is written into a pipe whose reader has gone is not missed.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
main(process.argv.slice(2)).then(status => { process.exitCode = status; }, (error: Error) => {
  const isTold = error instanceof CliError || error instanceof ReadError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`cdk-traced: ${isTold ? error.message : error.stack}\n`);
  process.exitCode = 2;
});
