import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { TracedFunctionProps } from '../../../lib';
import { FakeDocker } from '../../fake-docker';
import { hasMaven } from '../../java-runtime';
import { bundle, bundlingError } from '../../packages';
import { fixture, GO_ENTRY, JAVA_ENTRY, NODEJS_ENTRY, projectFolder, PYTHON_ENTRY, temporaryFolder } from '../../test-app';

/** Runs with other variables; undefined takes one away. */
function withEnvironment<T>(variables: Record<string, string | undefined>, work: () => T): T {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  Object.keys(variables).filter(name => variables[name] === undefined).forEach(name => delete process.env[name]);
  try {
    return work();
  } finally {
    Object.keys(variables).forEach(name => delete process.env[name]);
    Object.assign(process.env, before);
  }
}

const go = (name: string): TracedFunctionProps => ({ entry: fixture('go', name) });
const pyproject = () => ({ entry: projectFolder({ 'handler.py': 'def handler(event, context): pass\n', 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\n' }) });

describe('a tool that is missing', () => {
  const PATH = temporaryFolder();

  test.each<[string, () => TracedFunctionProps, RegExp]>([
    ['Go', () => go('no-aws'), /cannot find Go \(tried 'go' on PATH (\S+); no Docker engine answers 'docker info' either\); install Go \(https:\/\/go\.dev\/dl\/\)/],
    ['uv and pip', () => ({ entry: PYTHON_ENTRY }),
      /cannot find uv or pip \(tried 'uv', 'python3 -m pip', 'python -m pip', 'py -m pip' on PATH (\S+); no Docker engine answers 'docker info' either\); install uv \(.*\), or Python's pip/],
    ['Maven', () => ({ entry: JAVA_ENTRY }),
      /cannot find Maven \(tried 'mvn' on PATH (\S+); .*\); install a JDK \(.*\) and Maven \(.*\), or add Maven's wrapper to the project with 'mvn wrapper:wrapper'/],
    ['Gradle', () => ({ entry: projectFolder({ 'build.gradle': '' }), handler: 'App' }),
      /cannot find Gradle \(tried 'gradle' on PATH (\S+); .*\); install a JDK \(.*\) and Gradle \(.*\), or add Gradle's wrapper to the project with 'gradle wrapper'/],
  ])('fails with what was looked for, where, and what to install: %s', (_, props, message) => {
    const error = withEnvironment({ PATH, CDK_DOCKER: undefined }, () => bundlingError({ Function: props() }));
    expect(error).toMatch(message);
    expect(message.exec(error)![1]).toBe(PATH);
  });

  test('fails for all functions that need it, and for no other', () => {
    const error = withEnvironment({ PATH }, () => bundlingError({ One: go('no-aws'), Two: { entry: GO_ENTRY }, Node: { entry: NODEJS_ENTRY } }));
    expect(error.match(/'Stack\/\w+'/g)).toEqual(["'Stack/One'", "'Stack/Two'"]);
    expect(error.match(/cannot find Go/g)).toHaveLength(1);
  });

  test('is uv also where that has no version of its pip, and no Python is needed beside it', () => {
    const folder = temporaryFolder();
    const script = ['#!/bin/sh', 'case "$1" in --version) echo "uv 9.8.7";; run) shift 3; exec PYTHON "$@";; *) echo "no command: $*" >&2; exit 2;; esac'].join('\n');
    fs.writeFileSync(path.join(folder, 'uv'), script.replace('PYTHON', execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()));
    fs.chmodSync(path.join(folder, 'uv'), 0o755);
    const error = withEnvironment({ PATH: folder, CDK_TRACED_FUNCTION_CACHE: 'off' }, () => bundlingError({ Function: pyproject() }));
    expect(error).toMatch(/with uv 9\.8\.7 [\s\S]*'uv pip install [\s\S]*no command: pip install/);
  });

  test('is not missed where nothing needs it', () => {
    expect(Object.keys(withEnvironment({ PATH }, () => bundle({ Function: { entry: NODEJS_ENTRY } })))).toEqual(['Function']);
  });
});

describe('Docker', () => {
  const java: Record<string, TracedFunctionProps> = hasMaven ? { Java: { entry: JAVA_ENTRY } } : {};
  const functions = { Go: { entry: GO_ENTRY }, ...java, Python: { entry: PYTHON_ENTRY }, Pyproject: pyproject() };
  const hashes = (packages: Record<string, string>) => Object.entries(packages).map(([id, folder]) => `${id} ${path.basename(folder)}`);

  test('takes the place of missing tools, sees all files it needs, and makes the same packages', () => {
    const docker = new FakeDocker();
    const packages = withEnvironment({ PATH: docker.folder, CDK_DOCKER: undefined }, () => bundle(functions));
    expect(hashes(packages)).toEqual(hashes(bundle(functions)));
    expect(new Set(docker.runs.map(run => run.image))).toEqual(new Set(['golang:1.26', ...hasMaven ? ['maven:3-eclipse-temurin-25'] : [], 'python:3.13-slim']));
    // Modules have to outlive the container that has fetched them.
    const build = docker.runs.find(run => run.image === 'golang:1.26' && run.args.includes('build'))!;
    const home = build.args.find(word => word.startsWith('HOME='))!.slice('HOME='.length);
    expect(build.args).toContain(`${home}:${home}`);
    expect(build.env).toMatchObject({ GOPATH: `${home}/go`, GOARCH: 'amd64', CGO_ENABLED: '0' });
    // Every user of the machine reads the command lines of all processes.
    expect(build.args.filter(word => word.includes(build.env.GOPATH))).toEqual([]);
  });

  test('is not asked where the tool is there', () => {
    const docker = new FakeDocker();
    withEnvironment({ PATH: [process.env.PATH, docker.folder].join(path.delimiter) }, () => bundle({ Function: go('no-aws') }));
    expect(docker.runs).toEqual([]);
  });

  test('may have another name', () => {
    const finch = new FakeDocker('finch');
    withEnvironment({ PATH: finch.folder, CDK_DOCKER: 'finch' }, () => bundle({ Function: go('no-aws') }));
    expect(finch.runs.length).toBeGreaterThan(0);
  });
});
