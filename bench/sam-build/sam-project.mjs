// The functions of the sample xraystarter as projects for TracedFunction and for SAM, which needs the tracing SDKs in the handlers' own code.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SDKS = { npm: 'aws-xray-sdk-core', pip: 'aws-xray-sdk==2.15.0', go: 'github.com/aws/aws-xray-sdk-go/v2@v2.0.1' };
const isTest = file => /(?:^|[\\/])(?:test_.*\.py|.*_test\.go|.*\.test\.ts)$/.test(file);

/** @returns {string} the folder with ts, py and go as the sample has them */
export function tracedProject(root, directory) {
  cpSync(join(root, 'lambda', 'xraystarter'), directory, { recursive: true, filter: file => !isTest(file) });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"name":"bench","private":true}');
  return directory;
}

/** @returns {string} the folder with template.yaml */
export function samProject(root, directory, pythonRuntime) {
  cpSync(join(root, 'lambda', 'xraystarter'), directory, { recursive: true, filter: file => !isTest(file) });
  const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  writeFileSync(join(directory, 'ts', 'package.json'), JSON.stringify({
    name: 'ts', private: true,
    dependencies: { [SDKS.npm]: version(SDKS.npm), '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb') },
  }));
  prepend(join(directory, 'ts', 'handler.ts'), "import { captureAWSv3Client } from 'aws-xray-sdk-core';\n");
  appendFileSync(join(directory, 'ts', 'handler.ts'), '\ncaptureAWSv3Client(client as any);\n');
  writeFileSync(join(directory, 'py', 'requirements.txt'), `${SDKS.pip}\n`);
  appendFileSync(join(directory, 'py', 'handler.py'), '\nfrom aws_xray_sdk.core import patch_all\n\npatch_all()\n');
  writeFileSync(join(directory, 'go', 'xray.go'), 'package main\n\nimport _ "github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"\n');
  for (const args of [['get', SDKS.go], ['mod', 'tidy']]) {
    const { status, stderr } = spawnSync('go', args, { cwd: join(directory, 'go'), encoding: 'utf8' });
    if (status !== 0) throw new Error(`go ${args.join(' ')}: ${stderr}`);
  }
  writeFileSync(join(directory, 'template.yaml'), template(pythonRuntime));
  return directory;
}

function prepend(file, text) {
  writeFileSync(file, text + readFileSync(file, 'utf8'));
}

function template(pythonRuntime) {
  return `AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Tracing: Active } }
Resources:
  Ts:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: esbuild, BuildProperties: { EntryPoints: [handler.ts], Target: node22, MainFields: 'module,main' } }
    Properties: { CodeUri: ts, Handler: handler.handler, Runtime: nodejs22.x }
  Py:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: py, Handler: handler.handler, Runtime: ${pythonRuntime} }
  Go:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: go1.x }
    Properties: { CodeUri: go, Handler: bootstrap, Runtime: provided.al2023 }
`;
}
