import * as fs from 'fs';
import * as path from 'path';
import { NodejsJob } from '../../languages/nodejs-job';

/** Code that answers a request by Lambda's context, as handlers did before there were promises. */
const ANSWERS = /\b_?(?:context|ctx|lambdaContext)\d*\s*\??\.\s*(?:succeed|fail|done)\b/;

/**
 * Tells `callback-adapter.mjs` that the code in front of it calls `succeed`, `fail` or `done` of the context. Without that a handler of two parameters
 * that returns no promise is answered at once.
 */
const STATEMENT = '\n;globalThis[Symbol.for("cdk-traced-function.answersByContext")]=true;\n';

/**
 * @param text of the package, in which names are those of the sources unless it is minified
 * @param inputs keys of esbuild's metafile
 * @returns what belongs at the end of the package
 */
export function contextAnswers(job: NodejsJob, text: string, inputs: readonly string[]): string {
  if (!job.adaptsCallbacks) {
    return '';
  }
  return ANSWERS.test(text) || job.minify && inputs.some(input => isOwn(input) && ANSWERS.test(fs.readFileSync(path.resolve(job.projectRoot, input), 'utf8'))) ? STATEMENT : '';
}

function isOwn(input: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(input) && !/^[\w-]+:|[\\/]node_modules[\\/]/.test(input);
}
