import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateFunctionCommand, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { newTraceId, TestCloud } from './test-cloud';

jest.setTimeout(300_000);

type Files = Record<string, Uint8Array>;

const APP = `package example;

import java.util.Map;

public class App {
  private static int calls;

  public Map<String, Object> handle(Map<String, String> event) {
    System.out.println("handling " + event.get("name"));
    return Map.of(
        "calls", ++calls,
        "header", System.getProperty("com.amazonaws.xray.traceHeader", "none"),
        "daemon", System.getenv("AWS_XRAY_DAEMON_ADDRESS"),
        "endpoint", System.getenv("AWS_ENDPOINT_URL"),
        "runtime", System.getenv("AWS_EXECUTION_ENV"));
  }

  public String fail(Map<String, String> event) {
    throw new IllegalStateException("told to fail");
  }

  public String text(Map<String, String> event) {
    return example.layer.Text.VALUE;
  }
}
`;
const TEXT = 'package example.layer;\n\npublic class Text {\n  public static final String VALUE = new String("from the layer");\n}\n';

const hasJava = process.platform === 'linux' && works('javac') && works('mvn');
if (!hasJava) console.warn('The tests of Java functions are skipped: they need Linux, a JDK and Maven');
const describeJava = hasJava ? describe : describe.skip;

function works(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Class files of sources, by the path of each. */
function compile(sources: Record<string, string>): Files {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-java-'));
  try {
    for (const [path, text] of Object.entries(sources)) {
      mkdirSync(dirname(join(folder, 'src', path)), { recursive: true });
      writeFileSync(join(folder, 'src', path), text);
    }
    const classes = join(folder, 'classes');
    execFileSync('javac', ['--release', '17', '-d', classes, ...Object.keys(sources).map(path => join(folder, 'src', path))]);
    const names = readdirSync(classes, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.class'));
    return Object.fromEntries(names.map(name => [name, new Uint8Array(readFileSync(join(classes, name)))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeJava('a Java function', () => {
  let cloud: TestCloud;
  let app: Files;
  let text: Files;

  beforeAll(async () => {
    cloud = await TestCloud.start();
    const all = compile({ 'example/App.java': APP, 'example/layer/Text.java': TEXT });
    app = { 'example/App.class': all['example/App.class'] };
    text = { 'example/layer/Text.class': all['example/layer/Text.class'] };
  });
  afterAll(async () => cloud?.close());

  async function create(name: string, handler: string, options: { runtime?: string; layers?: string[] } = {}): Promise<void> {
    await cloud.lambda.send(new CreateFunctionCommand({
      FunctionName: name, Runtime: (options.runtime ?? 'java17') as never, Handler: handler, Role: 'arn:aws:iam::000000000000:role/test',
      Code: { ZipFile: zipSync(app) }, TracingConfig: { Mode: 'Active' }, Timeout: 20, MemorySize: 256, Layers: options.layers,
    }));
  }

  function functionSegment(traceId: string) {
    return cloud.recorder.until('the segment', () => cloud.recorder.trace(traceId).find(s => s.origin === 'AWS::Lambda::Function'));
  }

  it('gets the event, the addresses of cloud and daemon, and in one environment the trace header of each request', async () => {
    await create('java', 'example.App::handle');
    const headers: string[] = [];
    for (const calls of [1, 2]) {
      const traceId = newTraceId();
      const { payload } = await cloud.invoke('java', { name: 'ä' }, `Root=${traceId};Sampled=1`);
      expect(payload).toMatchObject({ calls, runtime: 'AWS_Lambda_java17', endpoint: cloud.cloud.endpoint, daemon: `127.0.0.1:${cloud.recorder.port}` });
      const ran = await functionSegment(traceId);
      expect(payload.header).toContain(`Root=${traceId};Parent=${ran.id};Sampled=1`);
      expect(ran.subsegments!.map(s => s.name)).toEqual([...calls === 1 ? ['Initialization'] : [], 'Invocation', 'Overhead']);
      headers.push(payload.header);
    }
    expect(new Set(headers).size).toBe(2);
    expect(await cloud.logLines('java')).toContain('handling ä');
  });

  it('reports its errors with the stack, as Lambda does', async () => {
    await create('java-fails', 'example.App::fail');
    const traceId = newTraceId();
    const { payload } = await cloud.invoke('java-fails', {}, `Root=${traceId};Sampled=1`);
    expect(payload).toMatchObject({ errorType: 'java.lang.IllegalStateException', errorMessage: 'told to fail' });
    expect(payload.stackTrace[0]).toBe('example.App.fail(App.java:19)');
    const ran = await functionSegment(traceId);
    expect(ran).toMatchObject({
      fault: true,
      cause: { exceptions: [{ type: 'java.lang.IllegalStateException', message: 'told to fail', stack: expect.arrayContaining([{ path: 'App.java', line: 19, label: 'fail' }]) }] },
    });
  });

  it('reports a handler that is not there', async () => {
    await create('java-missing', 'example.Gone');
    expect((await cloud.invoke('java-missing')).payload).toMatchObject({ errorType: 'java.lang.ClassNotFoundException', errorMessage: 'Class not found: example.Gone' });
  });

  it('finds the jars of its layers', async () => {
    const { LayerVersionArn: arn } = await cloud.lambda.send(new PublishLayerVersionCommand({
      LayerName: 'text', Content: { ZipFile: zipSync({ 'java/lib/text.jar': zipSync(text) }) },
    }));
    await create('java-layer', 'example.App::text', { layers: [arn!] });
    expect((await cloud.invoke('java-layer')).payload).toBe('from the layer');
  });

  it('runs on an older Java than its runtime\'s, and says so', async () => {
    await create('java-newer', 'example.App::handle', { runtime: 'java99' });
    const found = Number(/ (\d+)/.exec(execFileSync('javac', ['--version'], { encoding: 'utf8' }))![1]);
    expect((await cloud.invoke('java-newer', { name: 'a' })).payload).toMatchObject({ calls: 1 });
    const said = cloud.warnings.filter(line => line.includes('functions of java99 run on Java '));
    expect(said).toEqual([expect.stringContaining(`run on Java ${found} here: classes that are compiled for a newer Java do not load; install a JDK 99, or set JAVA_HOME to one`)]);
  });
});

describeJava('without Java', () => {
  it('a function fails with what is missing', async () => {
    const cloud = await TestCloud.start({ JAVA_HOME: '/nowhere' });
    try {
      await cloud.lambda.send(new CreateFunctionCommand({
        FunctionName: 'java', Runtime: 'java21', Handler: 'example.App', Role: 'arn:aws:iam::000000000000:role/test', Code: { ZipFile: zipSync({ a: new Uint8Array() }) },
      }));
      expect((await cloud.invoke('java')).payload).toMatchObject({
        errorType: 'Runtime.InvalidEntrypoint',
        errorMessage: "Java functions need Java, and there is no working 'java' in JAVA_HOME, /nowhere; install a JDK (17 or newer)",
      });
    } finally {
      await cloud.close();
    }
  });
});
