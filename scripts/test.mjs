// `npm test`: sets a fresh clone up, then runs every ring of tests and counts them together.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePythonPackages } from './python-packages.mjs';
import { checkNode, ensureNpmPackages, ensureOraclePackages, root, run, SetupError } from './setup.mjs';

const HELP = `Usage: npm test -- [ring...]

Runs all rings of tests, or those named:
  build    jsii compiles the library; types and lint of everything else
  unit     template assertions, bundling with the real tools, the package in another app
  oracle   ordinary programs with and without tracing, on AWS's own runtime clients
  python   handlers in Python, with pytest
  go       handlers in Go, with go test
  java     handlers in Java, with JUnit
  local    the local cloud and the local X-Ray, and the sample end to end

Or, for an answer in two minutes:
  quick    what needs no build tool, no local cloud and no browser

Or all apps of local/corpus, of which a whole run tries a third, another one each day:
  corpus   each is deployed to the local cloud, used and traced

Or what is published, in apps of its own; each takes some minutes, and none is part of a whole run:
  versions   the packed library with the oldest aws-cdk-lib that it supports, one in the middle and the newest
  languages  the bindings for Python, Java, Go and .NET, and an app in each of them
  packages   the packed local cloud, the assertions with three test runners, and the plugin for pytest

Ends with the line 'N passed, N failed'; the exit status is 1 if anything failed.`;

/** A ring runs one after the other, because each of them uses both cores. Each gives how many passed and failed. */
const RINGS = {
  build: async () => sum([
    await sideBySide([
      ['lint', ['npx', 'projen', 'lint']],
      ['jsii', ['npx', 'jsii', '--silence-warnings=reserved-word']],
      ['types of bin and lib', ['npx', 'tsc', '-p', 'bin/tsconfig.json']],
      ['types of lambda', ['npx', 'tsc', '-p', 'lambda/tsconfig.json']],
      ['types of test', ['npx', 'tsc', '-p', 'test/tsconfig.json']],
      ['types of local', ['npx', 'tsc', '-p', 'local/tsconfig.json']],
      ['types of the page', ['npx', 'tsc', '-p', 'local/web/tsconfig.json']],
      ['projen changes nothing', ['node', 'scripts/check-generated-files.mjs']],
      ['docs/errors.md is current', ['node', 'scripts/error-table.mjs', '--check']],
      ['docs/recorded.md is current', ['node', 'scripts/recorded-table.mjs', '--check']],
      ['licence texts are current', ['node', 'scripts/third-party-licenses.mjs', '--check']],
      ['docs/rules is current', ['node', 'scripts/rule-pages.mjs', '--check']],
      ['links of the documentation', ['node', 'scripts/docs.mjs', '--check']],
    ]),
    // What needs what jsii has written.
    await sideBySide([
      ['examples of the documentation', ['node', 'scripts/check-examples.mjs']],
      ['API.md is current', ['node', 'scripts/api-docs.mjs', '--check']],
      ['tables of options are current', ['node', 'scripts/option-tables.mjs', '--check']],
    ]),
  ]),
  unit: () => {
    ensurePythonPackages(); // cfn-lint
    return jest('test/jest.config.js');
  },
  oracle: () => {
    ensureOraclePackages();
    return jest('test/oracle/jest.config.js');
  },
  python: () => {
    const python = ensurePythonPackages();
    return inSeries(foldersWith('lambda', /^test_.*\.py$/), folder => pytest(python, folder)).then(sum);
  },
  go: async () => sum(await inSeries(foldersWith('lambda', 'go.mod'), goTest)),
  java: async () => sum(await inSeries(foldersWith('lambda', 'pom.xml'), mavenTest)),
  local: () => {
    ensurePythonPackages(); // uv
    return jest('local/jest.config.js');
  },
};

/** Not part of a whole run, whose tests these are. */
const PARTS = {
  quick: async () => sum([
    await check('jsii', ['npx', 'jsii', '--silence-warnings=reserved-word']),
    await jest('test/jest.config.js', ['--testPathIgnorePatterns', 'e2e', 'instrumentation', 'oracle', 'package-cache', 'common-part', 'cfn-lint', 'tool\\.test', 'runner/(?:python|java)']),
    await jest('local/jest.config.js', ['--testPathIgnorePatterns', 'e2e', 'vitest', 'command-lines', 'python', 'kill', 'corpus', 'local-cloud']),
  ]),
  versions: () => published('versions'),
  languages: () => published('languages'),
  packages: () => published('packages'),
  corpus: () => {
    process.env.CDK_TRACED_CORPUS ??= 'all';
    return jest('local/jest.config.js', ['corpus']);
  },
};

await run(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const all = { ...RINGS, ...PARTS };
  const unknown = positionals.find(name => !(name in all));
  if (unknown) throw new SetupError(`There is no ring '${unknown}'; the rings are ${Object.keys(all).join(', ')}.`);
  checkNode();
  ensureNpmPackages();
  let total = { passed: 0, failed: 0 };
  for (const name of positionals.length > 0 ? positionals : Object.keys(RINGS)) {
    const started = Date.now();
    console.log(`\n== ${name}`);
    const result = await all[name]();
    console.log(`== ${name}: ${result.passed} passed, ${result.failed} failed in ${Math.round((Date.now() - started) / 1000)} s`);
    total = sum([total, result]);
  }
  // A run in which nothing was executed must not look like one in which nothing failed.
  if (total.passed + total.failed === 0) total.failed = 1;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
});

/** jsii first: the rings see what is compiled. */
async function published(name) {
  ensurePythonPackages();
  return sum([await check('jsii', ['npx', 'jsii', '--silence-warnings=reserved-word']), await jest('test/published/jest.config.js', [name])]);
}

/** Commands of one thread each, two at a time: the longest comes first. */
async function sideBySide(checks) {
  const queue = [...checks];
  const results = [];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results.push(await check(...next));
  };
  await Promise.all([worker(), worker()]);
  return sum(results);
}

/** A command that counts as one test. */
async function check(name, argv, env = {}) {
  const { status } = await command(argv, { env });
  console.log(`${status === 0 ? 'passed' : 'FAILED'}: ${name}`);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function jest(config, options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-function-test-'));
  const report = join(folder, 'jest.json');
  try {
    // --ci: a snapshot that is not in the repository is a failure, and not written.
    const { status } = await command(['npx', 'jest', '-c', config, '--ci', '--json', '--outputFile', report, ...options], { quiet: true });
    if (!existsSync(report)) return { passed: 0, failed: 1 };
    const result = JSON.parse(readFileSync(report, 'utf8'));
    const suitesThatDidNotRun = result.testResults.filter(suite => suite.status === 'failed' && suite.assertionResults.length === 0).length;
    const failed = result.numFailedTests + suitesThatDidNotRun;
    return { passed: result.numPassedTests, failed: status !== 0 && failed === 0 ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each folder by itself: modules of two handlers have the same names. */
async function pytest(interpreter, folder) {
  const { status, output } = await command([interpreter, '-B', '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--color=no'], { cwd: folder });
  const count = word => Number(new RegExp(`\\b(\\d+) ${word}`).exec(output.trim().split('\n').pop() ?? '')?.[1] ?? 0);
  const failed = count('failed') + count('errors?');
  return { passed: count('passed'), failed: status !== 0 && failed === 0 ? 1 : failed };
}

async function goTest(folder) {
  const { status, output } = await command(['go', 'test', '-json', './...'], { cwd: folder, quiet: true });
  const events = output.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  const count = action => events.filter(event => event.Test && event.Action === action).length;
  const failed = count('fail');
  for (const event of events) {
    if (event.Action === 'fail' || /^\s*(--- FAIL|panic|.*\.go:\d+)/.test(event.Output ?? '')) process.stdout.write(event.Output ?? '');
  }
  if (status !== 0) console.log(output.split('\n').filter(line => !line.startsWith('{')).join('\n'));
  return { passed: count('pass'), failed: status !== 0 && failed === 0 ? 1 : failed };
}

/** Counts from the reports that Maven's test plugin writes. Java is the one language that the project can be worked on without. */
async function mavenTest(folder) {
  if (!await canStart('mvn')) {
    console.log("SKIPPED: there is no 'mvn'; install a JDK (17 or newer) and Maven");
    return { passed: 0, failed: 0 };
  }
  const reports = join(folder, 'target', 'surefire-reports');
  rmSync(reports, { recursive: true, force: true });
  const { status } = await command(['mvn', '--batch-mode', '--quiet', 'test'], { cwd: folder });
  const suites = existsSync(reports) ? readdirSync(reports).filter(name => /^TEST-.*\.xml$/.test(name)) : [];
  const counts = suites.map(name => /<testsuite [^>]*>/.exec(readFileSync(join(reports, name), 'utf8'))[0])
    .map(suite => Object.fromEntries(['tests', 'errors', 'failures', 'skipped'].map(count => [count, Number(new RegExp(` ${count}="(\\d+)"`).exec(suite)[1])])));
  const result = sum(counts.map(({ tests, errors, failures, skipped }) => ({ passed: tests - errors - failures - skipped, failed: errors + failures })));
  // No report, or a build that failed around the tests.
  return { ...result, failed: (status !== 0 || result.passed === 0) && result.failed === 0 ? 1 : result.failed };
}

function canStart(program) {
  return command([program, '--version'], { quiet: true }).then(({ status }) => status === 0, () => false);
}

/** Folders below `start` that hold a file of that name, as absolute paths. */
function foldersWith(start, name) {
  const matches = file => typeof name === 'string' ? file === name : name.test(file);
  const visit = folder => {
    const entries = readdirSync(folder).filter(entry => entry !== 'node_modules' && !entry.startsWith('.'));
    return [
      ...(entries.some(matches) ? [folder] : []),
      ...entries.map(entry => join(folder, entry)).filter(path => statSync(path).isDirectory()).flatMap(visit),
    ];
  };
  return visit(join(root, start));
}

async function inSeries(items, action) {
  const results = [];
  for (const item of items) {
    console.log(`-- ${relative(root, item)}`);
    results.push(await action(item));
  }
  return results;
}

function sum(results) {
  return results.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), { passed: 0, failed: 0 });
}

/** Runs a command; its output is shown as it comes and given back. `quiet` leaves standard output to the caller. */
function command(argv, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
      if (!quiet) process.stdout.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', text => {
      output += text;
      process.stderr.write(text);
    });
    child.on('error', error => reject(new SetupError(`'${argv[0]}' cannot be started (${error.message}); install it and try again.`)));
    child.on('close', status => resolve({ status, output }));
  });
}
