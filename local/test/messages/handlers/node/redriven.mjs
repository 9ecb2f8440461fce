import { annotate } from 'cdk-traced-function/runtime';

export async function handler({ Records }) {
  annotate('redriven', Records[0].body);
}
