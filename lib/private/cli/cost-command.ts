import * as fs from 'fs';
import { parseArgs } from 'util';
import { CliError } from './cli-error';
import { openApp } from './open-app';
import { say } from './say';
import { CostEstimate, estimateCost } from '../doctor/cost/estimate-cost';
import { Prices, PRICES } from '../doctor/cost/prices';
import { examine } from '../doctor/examine';

const HELP = `Usage: cdk-traced cost [cdk.out | template | folder] --requests N [options]

Estimates what X-Ray and Transaction Search cost in a month, from the predicted map and the traffic.

  --app COMMAND        synthesizes first
  --requests N         requests a month, at all places together at which traces begin
  --traffic FILE       requests a month by place, as JSON: { "Stack/Api": 2000000 }
  --span-bytes N       bytes of a span (default: 1000)
  --reads N            traces that are read or scanned in a month (default: 0)
  --indexing PERCENT   of spans that become trace summaries (default: 1, which is free)
  --prices FILE        prices of another region or day, as JSON: { "tracesRecordedPerMillion": 5, ... }
  --trace-all          takes functions without a tracing mode as active
  --format FORMAT      text (default) or json

Prices are those of us-east-1 of ${PRICES.date}, in USD, without taxes. Traffic is taken as even: peaks make fewer traces.`;

export async function costCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, options: {
      'app': { type: 'string' }, 'requests': { type: 'string' }, 'traffic': { type: 'string' }, 'span-bytes': { type: 'string', default: '1000' }, 'reads': { type: 'string', default: '0' },
      'indexing': { type: 'string', default: '1' }, 'prices': { type: 'string' }, 'trace-all': { type: 'boolean' }, 'format': { type: 'string', default: 'text' }, 'help': { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return say(HELP);
  const byPlace = values.traffic === undefined ? undefined : readNumbers(values.traffic, '--traffic');
  if (values.requests === undefined && byPlace === undefined) throw new CliError('cost needs --requests with the requests of a month, or --traffic with those of each place');
  if (values.format !== 'text' && values.format !== 'json') throw new CliError(`--format has to be text, json, got '${values.format}'`);
  const given = values.prices === undefined ? {} : readNumbers(values.prices, '--prices');
  const unknown = Object.keys(given).find(name => typeof PRICES[name as keyof Prices] !== 'number');
  if (unknown !== undefined) throw new CliError(`--prices has '${unknown}', which is no price; there are ${Object.entries(PRICES).filter(([, price]) => typeof price === 'number').map(([name]) => name).join(', ')}`);
  const prices = { ...PRICES, ...given };
  const { app, close } = openApp(positionals, values.app);
  try {
    const { map } = examine(app, { traceAll: values['trace-all'] }).examined;
    const total = Object.values(byPlace ?? {}).reduce((sum, count) => sum + count, 0);
    const estimate = estimateCost(map, {
      requests: values.requests === undefined ? total : number(values.requests, '--requests'), byPlace,
      spanBytes: number(values['span-bytes'], '--span-bytes'), reads: number(values.reads, '--reads'), indexingPercentage: number(values.indexing, '--indexing'),
    }, prices);
    const isPlace = (name: string) => estimate.places.some(({ place }) => place === name) || map.stops.all.some(stop => stop.name.text === name);
    const strangers = Object.keys(byPlace ?? {}).filter(name => !isPlace(name));
    if (strangers.length > 0) throw new CliError(`--traffic names '${strangers[0]}', at which no trace begins; they begin at ${estimate.places.map(({ place }) => `'${place}'`).join(', ') || 'no place'}`);
    return say(values.format === 'json' ? JSON.stringify({ prices, ...estimate }, undefined, 2) : textOf(estimate, prices));
  } finally {
    close();
  }
}

function textOf(estimate: CostEstimate, prices: Prices): string {
  const { places, traces, spans, gigabytes, xray, transactionSearch, transactionSearchSampled, breakEvenTraces } = estimate;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const money = (value: number) => `${value.toFixed(2)} USD`;
  return [
    'Where traces begin, in a month:',
    ...places.map(place => `  ${place.place}: ${count(place.requests)} requests, ${count(place.traces)} traces (1 a second and 5 %), ${place.spans} spans each`),
    '',
    `X-Ray:                               ${money(xray)} (${count(traces)} traces, ${count(prices.freeTracesRecorded)} of them free)`,
    `Transaction Search, all requests:    ${money(transactionSearch)} (${count(spans)} spans, ${gigabytes.toFixed(1)} GB)`,
    `Transaction Search, sampled alike:   ${money(transactionSearchSampled)}`,
    breakEvenTraces === undefined ? 'For the same traces X-Ray costs less, however many there are.' : `For the same traces Transaction Search costs less from ${count(breakEvenTraces)} traces a month on.`,
    `Prices of ${prices.date}, us-east-1: ${prices.source}`,
  ].join('\n');
}

function number(text: string, option: string): number {
  const value = Number(text.replace(/_/g, ''));
  if (!Number.isFinite(value) || value < 0 || text.trim() === '') throw new CliError(`${option} has to be a number, 0 or more, got '${text}'`);
  return value;
}

function readNumbers(file: string, option: string): Record<string, number> {
  if (!fs.existsSync(file)) throw new CliError(`${option} names '${file}', which is not there`);
  let values: unknown;
  try {
    values = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliError(`${option}: ${file} is no JSON: ${(error as Error).message}`);
  }
  const wrong = Object.entries(values as object).find(([, value]) => typeof value !== 'number' || !(value >= 0));
  if (wrong) throw new CliError(`${option}: '${wrong[0]}' in ${file} has to be a number, 0 or more, got ${JSON.stringify(wrong[1])}`);
  return values as Record<string, number>;
}
