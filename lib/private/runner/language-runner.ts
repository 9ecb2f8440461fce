import * as fs from 'fs';
import { BundlingJob, JobResult } from '../bundling/bundling-job';

/** How the runner of a language makes jobs of one kind. */
export interface JobRunner<J extends BundlingJob = BundlingJob> {
  /** What does the work, for the progress line. */
  tool(jobs: J[]): string;
  /** Jobs that share work go into one group; groups run side by side. */
  group(jobs: J[]): J[][];
  /** Makes the packages of a group. What is thrown fails all of them. */
  bundle(jobs: J[]): Promise<Map<J, JobResult>>;
}

/** One language, by the kinds of its jobs. */
export type LanguageRunner = Readonly<Record<string, JobRunner>>;

/** Jobs that share no work: each finds its folders made. */
export function eachAlone<J extends BundlingJob>(bundle: (job: J) => Promise<JobResult>): JobRunner<J> {
  return {
    tool: ([job]) => job.kind,
    group: jobs => jobs.map(job => [job]),
    bundle: async ([job]) => {
      [job.outputDir, job.workDir].forEach(folder => fs.mkdirSync(folder, { recursive: true }));
      return new Map([[job, await bundle(job)]]);
    },
  };
}
