import { App } from 'aws-cdk-lib';
import { BlankPythonStack } from './blank-python-stack';
import { GuideStack } from './guide-stack';
import { XraystarterStack } from './xraystarter-stack';

const app = new App();
new XraystarterStack(app, 'xraystarter');
new GuideStack(app, 'guide');
new BlankPythonStack(app, 'blank-python');
