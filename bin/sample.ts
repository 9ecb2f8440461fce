import { App } from 'aws-cdk-lib';
import { XraystarterStack } from './xraystarter-stack';

const app = new App();
new XraystarterStack(app, 'xraystarter');
