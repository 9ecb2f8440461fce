import * as fs from 'fs';
import * as path from 'path';
import { JavaArtifact } from './build';
import { JavaJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';

export const SPRING_ADAPTER = 'org.springframework.cloud.function.adapter.aws.';
const SPRING_APPLICATION = 'Lorg/springframework/boot/autoconfigure/SpringBootApplication;';
const MANIFEST = path.join('META-INF', 'MANIFEST.MF');

/** Frameworks whose plugins make classes that are in no folder of classes. */
const GENERATING = [
  { id: 'io.quarkus:quarkus-core', name: 'Quarkus', artifact: 'target/function.zip', gradle: 'build/function.zip' },
];

/** @throws for a project whose compiled classes alone do not start */
export function checkFramework({ projectDir, buildTool, artifact }: JavaJob, dependencies: readonly JavaArtifact[]): void {
  const framework = artifact === undefined ? GENERATING.find(({ id }) => dependencies.some(dependency => dependency.id === id)) : undefined;
  if (framework) {
    throw new BundlingError('TF616', `'${projectDir}' is made with ${framework.name}, whose plugin generates what starts it and packs it itself: the compiled classes alone do not start; ` +
      `set 'bundling' to Bundling.java({ artifact: '${buildTool === 'maven' ? framework.artifact : framework.gradle}' })`);
  }
}

/** Tells Spring Cloud Function's adapter which class is the application, as the manifest of Spring Boot's own jar does. The variable MAIN_CLASS overrides it. */
export function nameSpringApplication(directory: string, { handler }: JavaJob): void {
  const manifest = path.join(directory, MANIFEST);
  if (!handler.startsWith(SPRING_ADAPTER) || fs.existsSync(manifest)) {
    return;
  }
  const applications = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.class'))
    .filter(name => fs.readFileSync(path.join(directory, name)).includes(SPRING_APPLICATION));
  if (applications.length === 1) {
    const name = applications[0].replace(/\.class$/, '').split(path.sep).join('.');
    fs.mkdirSync(path.dirname(manifest), { recursive: true });
    fs.writeFileSync(manifest, `Manifest-Version: 1.0\r\nStart-Class: ${name}\r\n\r\n`);
  }
}
