import { JavaJob } from '../../languages/java-job';
import { JobRunner, LanguageRunner, eachAlone } from '../language-runner';
import { bundleJava, bundleJavaLayer, groupJavaJobs } from './java';

export const runner: LanguageRunner = {
  'java': { tool: ([job]: JavaJob[]) => job.buildTool, group: groupJavaJobs, bundle: bundleJava } as JobRunner,
  'java-layer': eachAlone(bundleJavaLayer) as JobRunner,
};
