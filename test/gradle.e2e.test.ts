import { execFileSync } from 'child_process';
import { FunctionHost } from './instrumentation/function-process';
import { decodeSpans } from './instrumentation/otlp-spans';
import { hasMaven, javaProgram } from './java-runtime';
import { bundle } from './packages';
import { projectFolder } from './test-app';
import { Bundling, Instrumentation } from '../lib';

jest.setTimeout(600_000);

const BUILD = `apply plugin: 'java'
repositories { mavenCentral() }
sourceCompatibility = '17'
targetCompatibility = '17'
`;
/** Gradle 7 has taken the name away that all before 3.4 know. */
const DEPENDENCY = "dependencies { add(configurations.findByName('implementation') ? 'implementation' : 'compile', 'com.amazonaws:aws-lambda-java-core:1.4.0') }\n";
const SOURCE = `package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.net.URL;

public class App implements RequestHandler<String, Integer> {
  @Override
  public Integer handleRequest(String event, Context context) {
    try {
      return new URL(event).openStream().readAllBytes().length;
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
`;

function hasGradle(): boolean {
  try {
    execFileSync('gradle', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// Maven has the runtime interface client.
const canRun = process.platform === 'linux' && hasMaven && hasGradle();
if (!canRun) {
  console.warn('The test of a real Gradle is skipped: it needs Gradle, Maven, a JDK and Linux');
}

(canRun ? test : test.skip)('Gradle itself builds a function, and resolves what records its calls', async () => {
  const host = await FunctionHost.start();
  try {
    const entry = projectFolder({ 'settings.gradle': "rootProject.name = 'app'\n", 'build.gradle': BUILD + DEPENDENCY, 'src/main/java/example/App.java': SOURCE });
    const bundling = Bundling.java({ buildArgs: ['--no-daemon'] }); // it leaves no process
    const packages = bundle({ XRaySdk: { entry, bundling }, OpenTelemetry: { entry, bundling, instrumentation: Instrumentation.openTelemetry() } });
    const run = async (id: string) => host.runProgram(javaProgram(packages[id], 'example.App'), [`${host.services.url}/status/200`]);
    const xray = await run('XRaySdk');
    expect([xray.results, xray.documents.map(({ http }) => http.response.status)]).toEqual([[{ value: 6 }], [200]]);
    const openTelemetry = await run('OpenTelemetry');
    expect([openTelemetry.results, decodeSpans(openTelemetry.datagrams).map(({ name }) => name)]).toEqual([[{ value: 6 }], ['GET']]);
  } finally {
    await host.stop();
  }
});
