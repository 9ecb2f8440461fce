import { App } from 'aws-cdk-lib';
import { corpus } from '.';

// The apps that the context names, as one: what they share is only the local cloud.
const app = new App();
for (const id of String(app.node.tryGetContext('apps')).split(',')) corpus[id].build(app, id);
