import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder, WITHOUT_BUNDLING } from './test-app';

const ROOT = path.join(__dirname, '..');

/** Of the environment that `npm test` makes, else on the PATH. */
const CFN_LINT = ['bin', 'Scripts'].map(folder => path.join(ROOT, '.venv', folder, 'cfn-lint')).find(file => fs.existsSync(file)) ?? 'cfn-lint';

/** cfn-lint's findings as JSON, by template. */
function lint(templates: string[]): { Filename: string; Level: string; Rule: { Id: string }; Message: string }[] {
  const { status, stdout, stderr, error } = spawnSync(CFN_LINT, [
    // CDK names dependencies that references have made already.
    '--ignore-checks', 'W3005', '--format', 'json', '--', ...templates,
  ], { encoding: 'utf8' });
  if (error) throw new Error(`cfn-lint cannot be started (${error.message}); run 'npm test -- python', which installs it into .venv, or install it`);
  if (status !== 0 && !stdout.trim().startsWith('[')) throw new Error(stderr || stdout);
  return JSON.parse(stdout || '[]');
}

describe('cfn-lint', () => {
  const outdir = path.join(temporaryFolder(), 'cdk.out');
  let templates: string[];

  beforeAll(() => {
    // The app as `cdk synth` runs it, with all its stacks, but without bundling.
    const { context } = JSON.parse(fs.readFileSync(path.join(ROOT, 'cdk.json'), 'utf8'));
    const run = spawnSync(process.execPath, ['--import', 'tsx', path.join('bin', 'sample.ts')], {
      cwd: ROOT, encoding: 'utf8', env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...WITHOUT_BUNDLING }) },
    });
    if (run.status !== 0) throw new Error(run.stderr);
    templates = fs.readdirSync(outdir).filter(name => name.endsWith('.template.json')).map(name => path.join(outdir, name));
  }, 60_000);

  it('finds nothing in the templates of the samples', () => {
    expect(templates.map(file => path.basename(file, '.template.json'))).toEqual(expect.arrayContaining(['xraystarter', 'scorekeep', 'guide']));
    expect(lint(templates).map(finding => `${path.basename(finding.Filename)}: ${finding.Rule.Id} ${finding.Message}`)).toEqual([]);
  }, 120_000);

  it('finds a mistake', () => {
    const file = path.join(temporaryFolder(), 'broken.template.json');
    fs.writeFileSync(file, JSON.stringify({ Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 'soon' } } } }));
    expect(lint([file])).toMatchObject([{ Level: 'Error' }]);
  }, 60_000);
});
