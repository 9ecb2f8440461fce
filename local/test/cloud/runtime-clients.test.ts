import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestedClients } from '../../src/cloud/runtime-clients';

test('the clients that the app asks of the runtime: of its code, of CDK, and of AwsCustomResource; not those that it brings along', () => {
  const assembly = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  try {
    const write = (path: string, text: string) => {
      mkdirSync(join(assembly, path, '..'), { recursive: true });
      writeFileSync(join(assembly, path), text);
    };
    write('asset.aa/index.js', 'var a=require("@aws-sdk/client-ec2"),b=require("@aws-sdk/lib-dynamodb");');
    write('asset.bb/index.mjs', "import {X} from '@aws-sdk/client-polly';const s3=await import('@aws-sdk/client-s3');// mentions @aws-sdk/client-none");
    write('asset.bb/node_modules/@aws-sdk/client-s3/package.json', '{}');
    write('assembly-Prod/asset.cc/index.cjs', 'require("@aws-sdk/client-ssm")');
    write('One.template.json', JSON.stringify({ Resources: { R: { Type: 'Custom::AWS', Properties: { Create: '{"service":"CognitoIdentityServiceProvider","action":"x"}' } } } }));
    write('Two.template.json', JSON.stringify({ Resources: { R: { Type: 'AWS::X::Y', Properties: { Text: '{"service":"Other"}' } } } }));
    expect(requestedClients(assembly)).toEqual([
      '@aws-sdk/client-cognito-identity-provider', '@aws-sdk/client-ec2', '@aws-sdk/client-polly', '@aws-sdk/client-ssm', '@aws-sdk/lib-dynamodb',
    ]);
  } finally {
    rmSync(assembly, { recursive: true, force: true });
  }
});
