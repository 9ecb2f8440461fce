import { BlankPythonSample } from './blank-python';
import { GuideSample } from './guide';
import type { Sample } from './sample';
import { XraystarterSample } from './xraystarter';

/** The samples, by the name of their stack. */
export const samples: Readonly<Record<string, Sample>> = Object.fromEntries([
  new XraystarterSample(),
  new GuideSample(),
  new BlankPythonSample(),
].map(sample => [sample.stackName, sample]));

/** The stack that `npm start` runs when none is named. */
export const DEFAULT_STACK = 'xraystarter';
