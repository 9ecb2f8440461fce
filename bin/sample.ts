import { App } from 'aws-cdk-lib';
import { BlankPythonStack } from './blank-python-stack';
import { ErrorProcessorStack } from './error-processor-stack';
import { GuideStack } from './guide-stack';
import { ScorekeepStack } from './scorekeep-stack';
import { XraystarterStack } from './xraystarter-stack';

const app = new App();
new XraystarterStack(app, 'xraystarter');
new ScorekeepStack(app, 'scorekeep');
// On a local cloud the function in Java checks that cloud: nothing leaves the machine.
const localCloud = process.env.AWS_ENDPOINT_URL;
new GuideStack(app, 'guide', { address: app.node.tryGetContext('address') ?? (localCloud && `${localCloud}/health`) });
new BlankPythonStack(app, 'blank-python');
new ErrorProcessorStack(app, 'error-processor');
