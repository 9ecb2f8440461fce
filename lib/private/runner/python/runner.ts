import { JobRunner, LanguageRunner, eachAlone } from '../language-runner';
import { bundlePythonCaptureLayer } from './capture-layer';
import { bundlePythonDependencyLayer } from './dependencies';
import { bundlePythonLayer } from './layer';
import { bundlePython } from './python';

export const runner: LanguageRunner = {
  'python': eachAlone(bundlePython) as JobRunner,
  'python-capture-layer': eachAlone(bundlePythonCaptureLayer) as JobRunner,
  'python-layer': eachAlone(bundlePythonLayer) as JobRunner,
  'python-dependency-layer': eachAlone(bundlePythonDependencyLayer) as JobRunner,
};
