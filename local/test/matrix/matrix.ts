import { spawnSync } from 'node:child_process';

/** Java is the one language that the project can be worked on without. */
const hasMaven = spawnSync('mvn', ['--version']).status === 0;

/** Each runs on its own version, with the client that AWS has for it. */
type NodeRuntime = 'nodejs22.x' | 'nodejs24.x';

/** What is chosen for one function of the matrix. */
export type MatrixCell = { readonly name: string; readonly instrumentation: 'xray' | 'otel' } & (
  | { readonly language: 'node'; readonly runtime: NodeRuntime; readonly format: 'cjs' | 'esm'; readonly sdk: 'bundled' | 'runtime'; readonly isMinified: boolean }
  | { readonly language: 'python'; readonly packaging: 'zip' | 'layer' | 'dependencies' }
  | { readonly language: 'go' | 'java' }
);

const instrumentations = ['xray', 'otel'] as const;

/** All of them; what a language does not have is not in it. */
export const MATRIX: readonly MatrixCell[] = instrumentations.flatMap(instrumentation => [
  ...(['cjs', 'esm'] as const).flatMap(format => [
    nodeCell('nodejs22.x', format, 'bundled', false, instrumentation),
    ...(['bundled', 'runtime'] as const).flatMap(sdk => [false, true].map(isMinified => nodeCell('nodejs24.x', format, sdk, isMinified, instrumentation))),
  ]),
  // The shared layer has the X-Ray SDK; what OpenTelemetry needs is too small for one.
  ...(['zip', 'layer', 'dependencies'] as const).filter(packaging => instrumentation === 'xray' || packaging !== 'layer').map(packaging => ({
    name: `python-${packaging}-${instrumentation}`, language: 'python' as const, instrumentation, packaging,
  })),
  ...(['go', 'java'] as const).filter(language => language !== 'java' || hasMaven).map(language => ({
    name: `${language}-${instrumentation}`, language, instrumentation,
  })),
]);

function nodeCell(
  runtime: NodeRuntime, format: 'cjs' | 'esm', sdk: 'bundled' | 'runtime', isMinified: boolean, instrumentation: MatrixCell['instrumentation'],
): MatrixCell {
  const name = [runtime.slice(0, -2), format, sdk, ...isMinified ? ['minified'] : [], instrumentation].join('-');
  return { name, language: 'node', runtime, instrumentation, format, sdk, isMinified };
}
