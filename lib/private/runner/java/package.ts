import * as fs from 'fs';
import * as path from 'path';
import { listJar, readJar } from './archive';
import { ClassFile, readClassFile } from './class-file';
import { INSTRUMENTORS, JACKSON, JACKSON_NAMES } from './xray-sdk';
import { JavaJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';

/** Lambda calls it where the handler names no method; both handler interfaces have it. */
const DEFAULT_METHOD = 'handleRequest';

type Instrumentor = (typeof INSTRUMENTORS)[number];

/** A finished package, seen as Lambda's class loader will see it: files at the root first, then the jars in `lib`. */
export class JavaPackage {
  private readonly jars: { readonly file: string; readonly names: ReadonlySet<string> }[];

  constructor(public readonly directory: string) {
    const lib = path.join(directory, 'lib');
    this.jars = (fs.existsSync(lib) ? fs.readdirSync(lib) : []).filter(name => name.endsWith('.jar')).sort()
      .map(name => path.join(lib, name))
      .map(file => ({ file, names: new Set(listJar(file)) }));
  }

  /**
   * What Lambda would say at the first event, said now.
   *
   * @param instrumentors what has to capture the clients that the package holds
   * @throws with what is missing and what to do about it
   */
  public verify(job: JavaJob, instrumentors: readonly Instrumentor[]): void {
    this.verifyHandler(job);
    if (job.instrumentation !== 'xray-sdk') {
      return;
    }
    for (const instrumentor of instrumentors) {
      if (job.sdkInLayer) {
        this.verifyForLayer(job, instrumentor);
      } else {
        this.verifyInstrumentor(job, instrumentor);
      }
    }
  }

  private verifyHandler({ handler, projectDir, javaVersion }: JavaJob): void {
    const [className, method = DEFAULT_METHOD] = handler.split('::');
    const name = className.replace(/\./g, '/');
    const found = this.readClass(name);
    if (!found) {
      throw new BundlingError('TF624', `the package of '${projectDir}' has no class '${className}' (looked for ${name}.class among its classes and in ${this.jars.length} jars); ` +
        "set 'handler' to the class that handles events, such as 'com.example.Handler', or 'entry' to the project that holds it");
    }
    if (found.javaVersion > javaVersion) {
      throw new BundlingError('TF625', `the class '${className}' of '${projectDir}' is compiled for Java ${found.javaVersion}, which the runtime java${javaVersion} cannot load; ` +
        `compile it for Java ${javaVersion} (Maven: <maven.compiler.release>, Gradle: options.release), or set 'runtime' to java${found.javaVersion}`);
    }
    if (!this.hasMethod(found, method)) {
      throw new BundlingError('TF626', `the class '${className}' of '${projectDir}' has no method '${method}'; ` +
        (handler.includes('::') ? "set 'handler' to one that it has" : `implement RequestHandler or RequestStreamHandler, or name a method: '${className}::handle'`));
    }
  }

  /** Also true where a superclass is not in the package, and so cannot be asked. */
  private hasMethod(found: ClassFile, method: string): boolean {
    return found.methods.has(method) || [found.superclass, ...found.interfaces].some(parent => {
      if (parent === undefined || parent.startsWith('java/')) {
        return false;
      }
      const file = this.readClass(parent);
      return !file || this.hasMethod(file, method);
    });
  }

  private verifyInstrumentor({ projectDir }: JavaJob, { id, registration, className }: Instrumentor): void {
    const registered = this.readAll(registration).some(text => text.includes(className.replace(/\//g, '.')));
    if (!registered || !this.readClass(className)) {
      throw new BundlingError('TF627', `the finished package of '${projectDir}' ${registered ? `has no class ${className}` : `registers no tracing in ${registration}`}, ` +
        `so its calls to AWS would be missing from the trace; take what leaves ${id} out of the package off the build`);
    }
  }

  private verifyForLayer({ projectDir }: JavaJob, instrumentor: Instrumentor): void {
    if (instrumentor !== INSTRUMENTORS[0]) {
      throw new BundlingError('TF628', `'${projectDir}' uses version 1 of the AWS SDK (${instrumentor.sdk}), which the shared layer does not capture; use SdkDelivery.bundled()`);
    }
    const missing = ['annotation/JsonCreator', 'core/JsonFactory', 'databind/ObjectMapper'].map(name => !this.readClass(`com/fasterxml/jackson/${name}`));
    if (missing.includes(true) && missing.includes(false)) {
      throw new BundlingError('TF629', `the package of '${projectDir}' has some of Jackson's artifacts, and the shared layer's others would be of another version; add ` +
        `${JACKSON_NAMES.filter((_, i) => missing[i]).map(name => `${JACKSON}:${name}`).join(' and ')} to the project, or use SdkDelivery.bundled()`);
    }
  }

  /** @param name such as `com/example/Handler` */
  private readClass(name: string): ClassFile | undefined {
    const bytes = this.read(`${name}.class`);
    return bytes && readClassFile(bytes);
  }

  private read(name: string): Buffer | undefined {
    const file = path.join(this.directory, name);
    if (fs.existsSync(file)) {
      return fs.readFileSync(file);
    }
    const jar = this.jars.find(({ names }) => names.has(name));
    return jar && readJar(jar.file, entry => entry === name).get(name);
  }

  private readAll(name: string): string[] {
    const file = path.join(this.directory, name);
    return [
      ...fs.existsSync(file) ? [fs.readFileSync(file)] : [],
      ...this.jars.filter(({ names }) => names.has(name)).map(jar => readJar(jar.file, entry => entry === name).get(name)!),
    ].map(bytes => bytes.toString('utf8'));
  }
}
