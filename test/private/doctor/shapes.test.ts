import * as fs from 'fs';
import * as path from 'path';
import { examine } from '../../../lib/private/doctor/examine';
import { readApp } from '../../../lib/private/doctor/template/read-app';

const TEMPLATES = path.join(__dirname, 'templates');

/** What is found in templates as tools of each kind write them: rule and resource. */
const FINDINGS: Record<string, string[]> = {
  'sam-api-and-table.yaml': ['TF015 Hello'],
  'sam-nothing-traced.yaml': ['TF001 Ask', 'TF001 Web', 'TF022 Api', 'TF025 Web'],
  'sam-sources.yaml': [
    'TF020 Topic', ...['FromBucket', 'FromLogs', 'FromQueue', 'FromRule', 'FromSchedule', 'FromStream', 'FromTopic', 'FromTopicByQueue'].map(id => `TF015 ${id}`),
    'TF030 FromQueue', 'TF030 FromTopicByQueue', 'TF031 FromStream', 'TF033 FromSchedule', 'TF034 Bucket', 'TF035 FromRule', 'TF036 FromLogs',
  ],
  'sam-state-machine.yaml': ['TF023 Untraced', 'TF015 Check'],
  'sam-alias.yaml': ['TF013 Live', 'TF015 Careful', 'TF015 Live'],
  'sam-own-role.yaml': ['TF004 Fn', 'TF015 Fn', 'TF015 Foreign'],
  'sam-image-and-code.yaml': [],
  'sam-connector.yaml': ['TF003 First', 'TF037 First', 'TF015 Second'],
  'sam-powertools.yaml': [],
  'serverless-as-generated.json': ['TF001 HelloLambdaFunction', 'TF022 ApiGatewayDeployment1700000000000'],
  'serverless-traced.json': ['TF016 HelloLambdaFunction'],
  'serverless-schedule-and-queue.json': ['TF030 WorkEventSourceMappingSQSJobs'],
  'cloudformation-parameters.yaml': [],
  'cloudformation-open-telemetry.yaml': ['TF010 Fn'],
  'cloudformation-openapi.yaml': [],
};

test('each template is expected', () => {
  expect(fs.readdirSync(TEMPLATES).sort()).toEqual(Object.keys(FINDINGS).sort());
});

test.each(Object.entries(FINDINGS))('%s', (name, expected) => {
  const { findings } = examine(readApp(path.join(TEMPLATES, name)));
  expect(findings.map(({ rule, resource }) => `${rule.id} ${resource.path}`)).toEqual(expected);
});

test('a fix is in the words of the tool', () => {
  const fixes = Object.keys(FINDINGS).map(name => examine(readApp(path.join(TEMPLATES, name))).findings[0]?.fix);
  expect(fixes).toEqual(expect.arrayContaining([expect.stringContaining('Tracing: Active'), expect.stringContaining('provider: { tracing: { lambda: true } }')]));
});
