import { BlankPythonSample } from './blank-python';
import { ErrorProcessorSample } from './error-processor';
import { GuideSample } from './guide';
import type { Sample } from './sample';
import { ScorekeepSample } from './scorekeep';
import { XraystarterSample } from './xraystarter';

/** The samples, by the name of their stack. Each keeps what it has sent, and looks for that. */
export function createSamples(): Readonly<Record<string, Sample>> {
  return Object.fromEntries([
    new XraystarterSample(),
    new ScorekeepSample(),
    new GuideSample(),
    new BlankPythonSample(),
    new ErrorProcessorSample(),
  ].map(sample => [sample.stackName, sample]));
}

export const samples = createSamples();

/** The stack that `npm start` runs when none is named. */
export const DEFAULT_STACK = 'xraystarter';
