import * as fs from 'fs';
import * as path from 'path';
import { assembly, HANDLERS, npm, npmPack, PROJECT, run, writeFiles } from './published-app';
import { hasMaven } from '../java-runtime';
import { temporaryFolder } from '../test-app';

const { devDependencies, version } = JSON.parse(fs.readFileSync(path.join(PROJECT, 'package.json'), 'utf8'));
// The newest that all registries have: those of other languages get CDK later than npm.
const CDK = '2.270.0';
const CONSTRUCTS = devDependencies.constructs as string;
const UV = path.join(PROJECT, '.venv', 'tools', 'uv');

/** The same app in each language: a function of three languages in one stack. Its first argument is the folder of the assembly. */
const APPS: Readonly<Record<string, Record<string, string>>> = {
  typescript: {
    'app.js': `
const { App, Stack } = require('aws-cdk-lib');
const { Bundling, Instrumentation, TracedFunction } = require('cdk-traced-function');
const app = new App({ outdir: process.argv[2], analyticsReporting: false });
const stack = new Stack(app, 'Languages');
new TracedFunction(stack, 'Node', { entry: 'lambda/hello.ts', bundling: Bundling.nodejs({ minify: true, keepNames: true }) });
new TracedFunction(stack, 'Python', { entry: 'lambda/python', instrumentation: Instrumentation.openTelemetry() });
new TracedFunction(stack, 'Go', { entry: 'lambda/go' });
app.synth();
`,
  },
  python: {
    'app.py': `
import sys
from aws_cdk import App, Stack
from cdk_traced_function import Bundling, Instrumentation, TracedFunction

app = App(outdir=sys.argv[1], analytics_reporting=False)
stack = Stack(app, "Languages")
TracedFunction(stack, "Node", entry="lambda/hello.ts", bundling=Bundling.nodejs(minify=True, keep_names=True))
TracedFunction(stack, "Python", entry="lambda/python", instrumentation=Instrumentation.open_telemetry())
TracedFunction(stack, "Go", entry="lambda/go")
app.synth()
`,
  },
  java: {
    'java/src/main/java/example/LanguagesApp.java': `
package example;

import io.github.cdktracedfunction.*;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Stack;

public final class LanguagesApp {
    public static void main(String[] args) {
        App app = new App(AppProps.builder().outdir(args[0]).analyticsReporting(false).build());
        Stack stack = new Stack(app, "Languages");
        TracedFunction.Builder.create(stack, "Node").entry("lambda/hello.ts")
            .bundling(Bundling.nodejs(NodejsBundlingOptions.builder().minify(true).keepNames(true).build())).build();
        TracedFunction.Builder.create(stack, "Python").entry("lambda/python").instrumentation(Instrumentation.openTelemetry()).build();
        TracedFunction.Builder.create(stack, "Go").entry("lambda/go").build();
        app.synth();
    }
}
`,
  },
  go: {
    'go/app.go': `
package main

import (
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	traced "github.com/cdk-traced-function/cdk-traced-function-go/cdktracedfunction"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(os.Args[1]), AnalyticsReporting: jsii.Bool(false)})
	stack := awscdk.NewStack(app, jsii.String("Languages"), nil)
	traced.NewTracedFunction(stack, jsii.String("Node"), &traced.TracedFunctionProps{
		Entry:    jsii.String("lambda/hello.ts"),
		Bundling: traced.Bundling_Nodejs(&traced.NodejsBundlingOptions{Minify: jsii.Bool(true), KeepNames: jsii.Bool(true)}),
	})
	traced.NewTracedFunction(stack, jsii.String("Python"), &traced.TracedFunctionProps{
		Entry: jsii.String("lambda/python"), Instrumentation: traced.Instrumentation_OpenTelemetry(nil),
	})
	traced.NewTracedFunction(stack, jsii.String("Go"), &traced.TracedFunctionProps{Entry: jsii.String("lambda/go")})
	app.Synth(nil)
}
`,
  },
};

let app: string;
let bindings: string;
let expected: ReturnType<typeof assembly>;

beforeAll(() => {
  bindings = path.join(temporaryFolder(), 'bindings');
  // Code only: what is published is built by each language's own tools, below.
  run(process.execPath, [
    path.join(PROJECT, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak'), PROJECT, '--code-only', '--outdir', bindings,
    ...['python', 'java', 'go', 'dotnet'].flatMap(target => ['--target', target]),
  ], PROJECT);
  app = writeFiles(path.join(temporaryFolder(), 'app'), {
    ...HANDLERS, ...Object.assign({}, ...Object.values(APPS)) as Record<string, string>, 'package.json': '{"name":"app","version":"1.0.0","private":true}',
  });
  npm(['install', '--prefer-offline', npmPack(), `aws-cdk-lib@${CDK}`, `constructs@${CONSTRUCTS}`, '@aws-sdk/client-dynamodb'], app);
  expected = synth(output => run(process.execPath, ['app.js', output], app));
  expect(Object.keys(expected.templates)).toEqual(['Languages.template.json']);
  expect(expected.assets).toHaveLength(3);
});

/** The app's assembly. jsii has packages of its own: what npm has installed here for TypeScript is not what it loads. */
function synth(start: (output: string) => void): ReturnType<typeof assembly> {
  const output = path.join(temporaryFolder(), 'cdk.out');
  start(output);
  return assembly(output);
}

test('Python makes the same templates and assets', () => {
  const environment = path.join(temporaryFolder(), 'venv');
  const python = path.join(environment, 'bin', 'python');
  const requirements = [`aws-cdk-lib==${CDK}`, `constructs==${CONSTRUCTS}`, path.join(bindings, 'python')];
  if (fs.existsSync(UV)) {
    run(UV, ['venv', '--quiet', '--python', 'python3', environment], app);
    run(UV, ['pip', 'install', '--quiet', '--python', python, ...requirements], app);
  } else {
    run('python3', ['-m', 'venv', environment], app);
    run(python, ['-m', 'pip', 'install', '--quiet', ...requirements], app);
  }
  expect(synth(output => run(python, ['app.py', output], app))).toEqual(expected);
});

(hasMaven ? test : test.skip)('Java makes the same templates and assets', () => {
  const dependency = (group: string, artifact: string, of: string) => `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${of}</version></dependency>`;
  const repository = path.join(temporaryFolder(), 'installed');
  // The generated project also signs and publishes; its sources are compiled with the app's.
  fs.cpSync(path.join(bindings, 'java', 'src', 'main'), path.join(app, 'java', 'src', 'main'), { recursive: true });
  writeFiles(path.join(app, 'java'), {
    'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
      <groupId>example</groupId><artifactId>app</artifactId><version>1</version>
      <properties><maven.compiler.release>11</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
      <dependencies>${dependency('software.amazon.awscdk', 'aws-cdk-lib', CDK)}${dependency('software.constructs', 'constructs', CONSTRUCTS)}${dependency('javax.annotation', 'javax.annotation-api', '1.3.2')}</dependencies>
    </project>`,
  });
  run('mvn', ['--batch-mode', '--quiet', 'compile', 'dependency:build-classpath', `-Dmdep.outputFile=${repository}`], path.join(app, 'java'));
  const classpath = [path.join(app, 'java', 'target', 'classes'), fs.readFileSync(repository, 'utf8').trim()].join(path.delimiter);
  expect(synth(output => run('java', ['-cp', classpath, 'example.LanguagesApp', output], app))).toEqual(expected);
});

test('Go makes the same templates and assets', () => {
  const folder = path.join(app, 'go');
  writeFiles(folder, {
    'go.mod': `module example.com/app

go 1.22

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v${CDK}
	github.com/cdk-traced-function/cdk-traced-function-go/cdktracedfunction v0.0.0
)

replace github.com/cdk-traced-function/cdk-traced-function-go/cdktracedfunction => ${path.join(bindings, 'go', 'cdktracedfunction')}
`,
  });
  run('go', ['mod', 'tidy'], folder);
  run('go', ['build', '-o', path.join(app, 'go-app'), '.'], folder);
  expect(synth(output => run(path.join(app, 'go-app'), [output], app))).toEqual(expected);
});

test('the bindings for .NET are generated', () => {
  const folder = path.join(bindings, 'dotnet', 'CdkTracedFunction');
  expect(fs.readdirSync(folder)).toEqual(expect.arrayContaining(['CdkTracedFunction.csproj', `cdk-traced-function-${version}.tgz`]));
  expect(fs.readFileSync(path.join(folder, 'CdkTracedFunction', 'TracedFunction.cs'), 'utf8')).toContain('public class TracedFunction : Amazon.CDK.AWS.Lambda.Function');
});
