import * as fs from 'fs';
import * as path from 'path';

/** What `jsii` wrote about the library; only the parts that are looked at here. */
interface JsiiAssembly {
  readonly types: Record<string, JsiiType>;
}
interface JsiiType {
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'enum';
  readonly datatype?: boolean;
  readonly docs?: JsiiDocs;
  readonly properties?: { readonly name: string; readonly optional?: boolean; readonly docs?: JsiiDocs }[];
  readonly methods?: { readonly name: string; readonly docs?: JsiiDocs }[];
}
interface JsiiDocs {
  readonly default?: string;
  readonly summary?: string;
}

const assemblyFile = path.join(__dirname, '..', '.jsii');
const libraryFiles = fs.readdirSync(path.join(__dirname, '..', 'lib'), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts')).map(file => path.join(__dirname, '..', 'lib', file));

function types(): JsiiType[] {
  return Object.values((JSON.parse(fs.readFileSync(assemblyFile, 'utf8')) as JsiiAssembly).types);
}

beforeAll(() => {
  const written = fs.statSync(assemblyFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = libraryFiles.filter(file => fs.statSync(file).mtimeMs > written);
  if (changed.length > 0) {
    throw new Error(`.jsii is missing or older than ${changed.length} files of lib; run 'npx jsii'`);
  }
});

test('exports these names and no others', () => {
  expect(types().map(type => `${type.datatype ? 'struct' : type.kind} ${type.name}`).sort()).toEqual([
    'class Bundling',
    'class FunctionObjective',
    'class Instrumentation',
    'class LogCorrelation',
    'class MessageTracing',
    'class PythonDependencies',
    'class PythonInstaller',
    'class PythonLayer',
    'class SamplingRule',
    'class SdkDelivery',
    'class TraceFilter',
    'class TraceGroup',
    'class TraceSampling',
    'class Traced',
    'class TracedDashboard',
    'class TracedFunction',
    'class TracedFunctions',
    'class TracingChecks',
    'class TracingLayer',
    'class TransactionSearch',
    'class XRayResourcePolicy',
    'enum ContextMissing',
    'enum PayloadContext',
    'enum TracingCheckSeverity',
    'enum TracingLevel',
    'enum TracingPermissions',
    'struct AdotLayerOptions',
    'struct ContinueTraceOptions',
    'struct FunctionObjectiveProps',
    'struct GoBundlingOptions',
    'struct InstrumentationOptions',
    'struct JavaBundlingOptions',
    'struct KeepErrorsOptions',
    'struct NodejsBundlingOptions',
    'struct OpenTelemetryOptions',
    'struct PythonBundlingOptions',
    'struct PythonLayerProps',
    'struct RecordingOptions',
    'struct SamplingBoost',
    'struct SamplingRuleProps',
    'struct TraceGroupAlarmProps',
    'struct TraceGroupProps',
    'struct TraceServiceSelector',
    'struct TracedDashboardProps',
    'struct TracedFunctionProps',
    'struct TracedFunctionsProps',
    'struct TracedProps',
    'struct TracingChecksProps',
    'struct TracingLayerProps',
    'struct TracingReportEntry',
    'struct TransactionSearchProps',
    'struct XRayResourcePolicyProps',
    'struct XRaySdkOptions',
  ]);
});

test('documents the default of every optional property', () => {
  const properties = types().filter(type => type.datatype)
    .flatMap(type => (type.properties ?? []).filter(property => property.optional).map(property => ({ name: `${type.name}.${property.name}`, docs: property.docs })));
  expect(properties.length).toBeGreaterThan(10);
  expect(properties.filter(property => !property.docs?.default).map(property => property.name)).toEqual([]);
});

test('documents every type, property and method', () => {
  const members = types().flatMap(type => [
    { name: type.name, docs: type.docs },
    ...[...type.properties ?? [], ...type.methods ?? []].map(member => ({ name: `${type.name}.${member.name}`, docs: member.docs })),
  ]);
  expect(members.filter(member => !member.docs?.summary).map(member => member.name)).toEqual([]);
});
