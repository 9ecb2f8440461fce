import { JobRunner, LanguageRunner } from '../language-runner';
import { bundleGo, groupGoJobs } from './go';

export const runner: LanguageRunner = {
  go: { tool: () => 'go', group: groupGoJobs, bundle: bundleGo } as JobRunner,
};
