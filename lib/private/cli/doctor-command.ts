import * as fs from 'fs';
import { parseArgs } from 'util';
import { CliError } from './cli-error';
import { openApp } from './open-app';
import { packageVersion } from './package-version';
import { say } from './say';
import { Examination, examine } from '../doctor/examine';
import { compareMaps, isSame, MapDifference } from '../doctor/map/compare-maps';
import { readRecordedMap } from '../doctor/map/recorded-map';
import { htmlReport } from '../doctor/report/html-report';
import { jsonReport, summaryOf } from '../doctor/report/json-report';
import { mermaidReport } from '../doctor/report/mermaid-report';
import { sarifReport } from '../doctor/report/sarif-report';
import { textReport } from '../doctor/report/text-report';
import { RULES } from '../doctor/rules';
import { readDeployedStacks } from '../doctor/template/read-aws';

const HELP = `Usage: cdk-traced doctor [cdk.out | template.json | template.yaml | folder] [options]

Says what of an app will be traced by X-Ray, where its traces end, and what to change: of any app of the CDK, of SAM, of the Serverless
Framework (the folder .serverless after 'serverless package') or of CloudFormation. Nothing of it has to use cdk-traced-function.

  (no argument)        the cloud assembly of the folder: cdk.out, or what cdk.json calls it
  --app COMMAND        synthesizes first: runs COMMAND as the CDK CLI runs an app
  --aws STACKS         reads deployed stacks instead, by the AWS CLI and without changing anything: their templates, the mode that each function
                       has, X-Ray's resource policies and Transaction Search. Tested with recorded answers; not yet tried against AWS
  --format FORMAT      text (default), json, sarif, mermaid or html
  --output FILE        writes the report into FILE instead of standard output
  --fail-on SEVERITY   ends with status 1 on: error (default), warn, note; or never
  --ignore IDS         rules that are left out: TF016,TF030
  --compare SOURCE     holds the predicted map against the one that was recorded: SOURCE is the address of an X-Ray without signatures, such as
                       the local one's http://127.0.0.1:2080, or a file with the output of 'aws xray get-service-graph' or 'batch-get-traces'
  --trace-all          takes functions without a tracing mode as active
  --no-map             leaves the map out of the text
  --rules              lists the rules
  -h, --help           this text

A rule is left out for one resource by its metadata: { "cdk-traced-function": { "ignore": ["TF016"] } }

Status: 0 nothing of that severity was found, or no difference; 1 something was; 2 the input cannot be examined.`;

const FORMATS = ['text', 'json', 'sarif', 'mermaid', 'html'] as const;
type Format = typeof FORMATS[number];
const LEVELS = ['error', 'warn', 'note', 'never'] as const;

export async function doctorCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, options: {
      'app': { type: 'string' }, 'format': { type: 'string', default: 'text' }, 'output': { type: 'string' }, 'fail-on': { type: 'string', default: 'error' }, 'ignore': { type: 'string', multiple: true }, 'compare': { type: 'string' }, 'aws': { type: 'string', multiple: true },
      'trace-all': { type: 'boolean' }, 'no-map': { type: 'boolean' }, 'rules': { type: 'boolean' }, 'help': { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return say(HELP);
  if (values.rules) return say(RULES.map(({ id, severity, title }) => `${id} ${severity.padEnd(7)} ${title}`).join('\n'));
  const format = oneOf(FORMATS, values.format, '--format');
  const failOn = oneOf(LEVELS, values['fail-on'], '--fail-on');
  const ignore = (values.ignore ?? []).flatMap(ids => ids.split(',')).map(id => id.trim());
  const unknown = ignore.find(id => !RULES.some(rule => rule.id === id));
  if (unknown !== undefined) throw new CliError(`--ignore names '${unknown}', which is no rule; 'cdk-traced doctor --rules' lists them`);

  if (values.aws !== undefined && (values.app !== undefined || positionals.length > 0)) throw new CliError('give either --aws or something to read, not both');
  const { app, close } = values.aws === undefined
    ? openApp(positionals, values.app) : { app: readDeployedStacks(values.aws.flatMap(names => names.split(','))), close: () => undefined };
  try {
    const examination = examine(app, { ignore, traceAll: values['trace-all'] });
    if (values.compare !== undefined) {
      if (format !== 'text' && format !== 'json') throw new CliError(`--compare tells its result as text or json, not as ${format}`);
      const difference = compareMaps(examination.examined.map, await readRecordedMap(values.compare));
      write(values.output, format === 'json' ? `${JSON.stringify(difference, undefined, 2)}\n` : differenceText(difference));
      return isSame(difference) || failOn === 'never' ? 0 : 1;
    }
    const report = reportOf(format, examination, values.output === undefined && Boolean(process.stdout.isTTY), !values['no-map']);
    write(values.output, report);
    const { errors, warnings, notes } = summaryOf(examination);
    const failures = { error: errors, warn: errors + warnings, note: errors + warnings + notes, never: 0 }[failOn];
    return failures > 0 ? 1 : 0;
  } finally {
    close();
  }
}

function reportOf(format: Format, examination: Examination, color: boolean, showsMap: boolean): string {
  const folder = process.cwd();
  switch (format) {
    case 'text': return textReport(examination, folder, { color, showsMap });
    case 'json': return jsonReport(examination, folder);
    case 'sarif': return sarifReport(examination, folder, packageVersion());
    case 'mermaid': return mermaidReport(examination);
    case 'html': return htmlReport(examination);
  }
}

function write(file: string | undefined, text: string): void {
  if (file === undefined) process.stdout.write(text);
  else fs.writeFileSync(file, text);
}

function differenceText(difference: MapDifference): string {
  const part = (title: string, lines: readonly string[]) => lines.length === 0 ? [] : [title, ...lines.map(line => `  ${line}`), ''];
  return [
    ...part('Predicted, and never seen:', difference.predictedNeverSeen), ...part('Seen, and not predicted:', difference.seenNotPredicted),
    ...part('Predicted as lost, and seen:', difference.seenAlthoughLost), ...part('Seen, of which templates say nothing:', difference.outside),
    isSame(difference) ? 'The recorded map is as predicted.' : 'The recorded map is not as predicted.', '',
  ].join('\n');
}

function oneOf<T extends string>(allowed: readonly T[], given: string, option: string): T {
  const found = allowed.find(value => value === given);
  if (found === undefined) throw new CliError(`${option} has to be ${allowed.join(', ')}, got '${given}'`);
  return found;
}
