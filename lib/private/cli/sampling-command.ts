import * as fs from 'fs';
import { parseArgs } from 'util';
import { CliError } from './cli-error';
import { openApp } from './open-app';
import { say } from './say';
import { planSampling, SampledRequest, SamplingDecision, samplingRulesOf } from '../doctor/sampling/sampling-plan';

const HELP = `Usage: cdk-traced sampling [cdk.out | template | folder] [options] [--request 'POST shop.example/pay 20']...

Shows which sampling rule takes each of the given requests, and how many of them a second are traced.

  --app COMMAND        synthesizes first
  --request TEXT       'METHOD host/path [requests a second] [service [type]]'; may be given several times
  --requests FILE      the same, one a line, or JSON objects: { "method", "host", "path", "perSecond", "service", "serviceType", "attributes" }
  --format FORMAT      text (default) or json`;

export async function samplingCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, options: {
      app: { type: 'string' }, request: { type: 'string', multiple: true }, requests: { type: 'string' }, format: { type: 'string', default: 'text' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return say(HELP);
  if (values.format !== 'text' && values.format !== 'json') throw new CliError(`--format has to be text, json, got '${values.format}'`);
  if (values.requests !== undefined && !fs.existsSync(values.requests)) throw new CliError(`--requests names '${values.requests}', which is not there`);
  const lines = [...values.request ?? [], ...values.requests === undefined ? [] : fs.readFileSync(values.requests, 'utf8').split('\n')].map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#'));
  const { app, close } = openApp(positionals, values.app);
  try {
    const rules = samplingRulesOf(app);
    const decisions = planSampling(rules, lines.map(requestOf));
    if (values.format === 'json') {
      const told = rules.map(({ name, priority, rate, reservoir }) => ({ name, priority, rate, reservoir }));
      return say(JSON.stringify({ rules: told, decisions }, undefined, 2));
    }
    return say([
      'Rules, in the order in which they are tried:',
      ...rules.map(({ name, priority, rate, reservoir }) => `  ${priority} ${name}: ${reservoir} a second, then ${round(rate * 100)} %`),
      ...decisions.length === 0 ? [] : ['', ...decisions.map(lineOf)],
    ].join('\n'));
  } finally {
    close();
  }
}

function lineOf({ request: { method, host, path, perSecond }, rule, traced, note }: SamplingDecision): string {
  return `${method} ${host}${path}: ${rule}, ${round(traced)} of ${round(perSecond)} a second${note ? ` (${note})` : ''}`;
}

function requestOf(line: string): SampledRequest {
  if (line.startsWith('{')) {
    let given: Record<string, any>;
    try {
      given = JSON.parse(line) as Record<string, any>;
    } catch (error) {
      throw new CliError(`a request is no JSON: ${line.slice(0, 80)} (${(error as Error).message})`);
    }
    return { method: 'GET', host: '', path: '/', service: '', serviceType: '', perSecond: 1, attributes: {}, ...given };
  }
  const shape = /^([A-Za-z]+)\s+([^/\s]*)(\/\S*)(?:\s+([\d.]+))?(?:\s+(\S+))?(?:\s+(AWS::\S+))?$/;
  const [, method, host, path, perSecond, service, serviceType] = shape.exec(line) ?? [];
  if (method === undefined) throw new CliError(`a request has to be 'METHOD host/path [requests a second] [service [type]]', got '${line}'`);
  return { method: method.toUpperCase(), host, path, perSecond: perSecond === undefined ? 1 : Number(perSecond), service: service ?? '', serviceType: serviceType ?? '', attributes: {} };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
