import { Rule } from './rule';

export const versionKeepsOldMode: Rule = {
  id: 'TF013',
  name: 'version-keeps-old-mode',
  title: 'A published version keeps the tracing mode that it was made with',
  severity: 'warning',
  explanation: `A version is a copy of code and configuration; a new tracing mode reaches only versions that are published after it. This version has a logical id that does not change with the
configuration (CDK's \`currentVersion\` and the Serverless Framework make one that does), or SAM publishes only when the code changes. An alias then goes on running a version with the old mode.`,
  fix: {
    cdk: 'fn.currentVersion  // instead of new lambda.Version(...)',
    cloudformation: '# give AWS::Lambda::Version a new logical id whenever the configuration of the function changes',
    sam: 'AutoPublishAliasAllProperties: true',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html',
  check: function* ({ app, functions }) {
    for (const { resource, mode } of functions) {
      if (mode !== 'none' && resource.properties.AutoPublishAlias !== undefined && resource.properties.AutoPublishAliasAllProperties !== true) {
        yield { resource, message: `SAM publishes a version for the alias '${String(resource.properties.AutoPublishAlias)}' only when the code changes: a new tracing mode alone does not reach it` };
      }
    }
    for (const version of app.ofType('AWS::Lambda::Version')) {
      // CDK: 32 hex digits; the Serverless Framework: a SHA-256 in base 64 without signs.
      if (/[0-9a-f]{32}$|LambdaVersion[0-9A-Za-z]{30,}$/.test(version.id) || version.madeFrom) continue;
      const fn = functions.find(({ resource }) => resource === app.functionOf(version.properties.FunctionName, version.template));
      if (fn && fn.mode !== 'none') yield { resource: version, message: `the version of '${fn.resource.path}' is made once: it keeps the tracing mode that the function had then` };
    }
  },
};
