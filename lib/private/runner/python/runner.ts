import { JobRunner, LanguageRunner, eachAlone } from '../language-runner';
import { bundlePythonDependencyLayer } from './dependencies';
import { bundlePythonLayer } from './layer';
import { bundlePython } from './python';

export const runner: LanguageRunner = {
  'python': eachAlone(bundlePython) as JobRunner,
  'python-layer': eachAlone(bundlePythonLayer) as JobRunner,
  'python-dependency-layer': eachAlone(bundlePythonDependencyLayer) as JobRunner,
};
