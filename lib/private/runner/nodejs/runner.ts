import { JobRunner, LanguageRunner, eachAlone } from '../language-runner';
import { bundleNodejsCaptureLayer } from './capture-layer';
import { bundleNodejsLayer } from './layer';
import { bundleNodejs } from './nodejs';

export const runner: LanguageRunner = {
  'nodejs': { tool: () => 'esbuild', group: jobs => [jobs], bundle: bundleNodejs } as JobRunner,
  'nodejs-layer': eachAlone(bundleNodejsLayer) as JobRunner,
  'nodejs-capture-layer': eachAlone(bundleNodejsCaptureLayer) as JobRunner,
};
