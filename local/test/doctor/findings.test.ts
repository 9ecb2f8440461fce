import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { BlankPythonStack } from '../../../bin/blank-python-stack';
import { ErrorProcessorStack } from '../../../bin/error-processor-stack';
import { GuideStack } from '../../../bin/guide-stack';
import { ScorekeepStack } from '../../../bin/scorekeep-stack';
import { XraystarterStack } from '../../../bin/xraystarter-stack';
import { examine } from '../../../lib/private/doctor/examine';
import { functionsOf } from '../../../lib/private/doctor/functions/function-model';
import { Roles } from '../../../lib/private/doctor/functions/role';
import { compareMaps, isSame } from '../../../lib/private/doctor/map/compare-maps';
import { PredictedMap } from '../../../lib/private/doctor/map/predicted-map';
import type { RecordedMap, RecordedNode } from '../../../lib/private/doctor/map/recorded-map';
import type { AppModel } from '../../../lib/private/doctor/template/app-model';
import { readApp } from '../../../lib/private/doctor/template/read-app';
import { corpus } from '../../corpus';
import { PROJECT_DIR } from '../../src/project-folders';

const folders: string[] = [];
beforeAll(() => { jest.spyOn(console, 'error').mockImplementation(() => undefined); }); // CDK's own warnings of the apps
afterAll(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })));

/** The templates of an app. */
function modelOf(build: (app: App) => void): AppModel {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-traced-doctor-'));
  folders.push(outdir);
  const { context } = JSON.parse(readFileSync(join(PROJECT_DIR, 'cdk.json'), 'utf8'));
  const app = new App({ outdir, context: { ...context, 'aws:cdk:bundling-stacks': [], 'aws:cdk:enable-path-metadata': true } });
  build(app);
  try {
    app.synth();
  } catch {
    // CDK's own checks of an app, after its templates are written, are not what is looked at here.
  }
  return readApp(outdir);
}

/** What doctor finds in an app, without the rules that all apps of the kind break. */
function findingsOf(build: (app: App) => void, ignore: string[]): string[] {
  const { findings } = examine(modelOf(build), { ignore });
  return findings.map(({ rule, resource }) => `${rule.id} ${resource.path.replace(/^[^/]+\//, '')}`);
}

const SAMPLES: Record<string, [(app: App) => void, string[]]> = {
  'xraystarter': [app => { new XraystarterStack(app, 'xraystarter'); }, []],
  'scorekeep': [app => { new ScorekeepStack(app, 'scorekeep'); }, []],
  'guide': [app => { new GuideStack(app, 'guide', {}); }, []],
  'blank-python': [app => { new BlankPythonStack(app, 'blank-python'); }, []],
  'error-processor': [app => { new ErrorProcessorStack(app, 'error-processor'); }, ['TF036 ErrorsOfRandomError']],
};

// Of the samples, whose stacks are not bundled here, packages are not looked into; their logs are plain text.
test.each(Object.entries(SAMPLES))('the sample %s', (_name, [build, expected]) => {
  expect(findingsOf(build, ['TF015', 'TF016'])).toEqual(expected);
});

/** Apps of the corpus are not traced: that each of their functions is found is not repeated here. */
const CORPUS: Record<string, string[]> = {
  'corpus-rest-proxy': ['TF022 Api/DeploymentStage.prod'],
  'corpus-rest-job': ['TF022 Api/DeploymentStage.prod'],
  'corpus-rest-queue': ['TF022 Api/DeploymentStage.prod', 'TF030 corpus-rest-queue-fn/SqsEventSource:corpusrestqueueQueue68ADD7ED'],
  'corpus-http-jwt': ['TF025 Api'],
  'corpus-function-url': [],
  'corpus-queue-python': ['TF030 corpus-queue-python-fn/SqsEventSource:corpusqueuepythonQueue0E12FA7F'],
  'corpus-topic': ['TF020 Topic'],
  'corpus-bucket': ['TF034 Bucket'],
  'corpus-table-stream': ['TF031 corpus-table-stream-fn/DynamoDBEventSource:corpustablestreamTable176183D9'],
  'corpus-data-stream': ['TF031 corpus-data-stream-fn/KinesisEventSource:corpusdatastreamStreamCDD54AD7'],
  'corpus-event-bus': [],
  'corpus-on-failure': [],
  'corpus-logs': ['TF036 Logs/Filter'],
  'corpus-vpc': [],
  'corpus-unknown-types': [],
  'corpus-custom': [],
  'corpus-workflow': [],
  'corpus-layer': [],
  'corpus-stages': [],
};

test('a change of the corpus is one of the expectations', () => {
  expect(Object.keys(CORPUS).filter(id => !(id in corpus))).toEqual([]);
});

test.each(Object.entries(CORPUS))('the app %s', (id, expected) => {
  const found = findingsOf(app => corpus[id].build(app, id), []);
  expect(found.filter(finding => finding.startsWith('TF001')).length).toBeGreaterThan(0);
  expect(found.filter(finding => !finding.startsWith('TF001'))).toEqual(expected);
});

/** What the local X-Ray has recorded of all the traffic of an app, `<from> -> <to>`: of samples as they are, of the corpus with `--trace-all`. */
const RECORDED = JSON.parse(readFileSync(join(__dirname, 'recorded-maps.json'), 'utf8')) as Record<string, string[]>;

function recordedMap(lines: readonly string[]): RecordedMap {
  const nodes = new Map<string, RecordedNode>();
  const node = (text: string): RecordedNode => {
    const known = nodes.get(text);
    if (known) return known;
    const [name, type = ''] = text.split(' ');
    return nodes.set(text, { name, type }).get(text)!;
  };
  const edges = lines.map(line => {
    const [, from, to, link] = /^(.+) -> (.+?)( \(link\))?$/.exec(line)!;
    return { from: node(from), to: node(to), isLink: link !== undefined };
  });
  return { nodes: [...nodes.values()], edges };
}

/** The functions of samples record, which only their packages tell; here they are not bundled. */
function predictedMap(app: AppModel, traceAll: boolean): PredictedMap {
  const functions = functionsOf(app, new Roles(app), { traceAll });
  return new PredictedMap(app, functions.map(fn => fn.recorder === 'unknown' ? { ...fn, recorder: 'cdk-traced-function' as const } : fn), traceAll);
}

const NO_DIFFERENCE = { predictedNeverSeen: [], seenNotPredicted: [], seenAlthoughLost: [] };

test.each(Object.keys(RECORDED))('the map that was recorded of %s is as predicted', id => {
  const isSample = id in SAMPLES;
  const map = predictedMap(modelOf(isSample ? SAMPLES[id][0] : app => corpus[id].build(app, id)), !isSample);
  expect(compareMaps(map, recordedMap(RECORDED[id]))).toMatchObject(NO_DIFFERENCE);
  // A call less, and a call more, are found.
  const calls = RECORDED[id].filter(line => / -> \S+ AWS::Lambda::Function$/.test(line));
  expect(isSame(compareMaps(map, recordedMap(RECORDED[id].filter(line => line !== calls[0]))))).toBe(false);
  expect(isSame(compareMaps(map, recordedMap([...RECORDED[id], `${calls[0].split(' ')[0]} AWS::Lambda::Function -> nobody AWS::Lambda::Function`])))).toBe(false);
});
