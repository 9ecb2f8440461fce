// Captures the AWS SDK v3 clients and the HTTP calls of a function with the AWS X-Ray SDK. Bundled in front of the handler.
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import AWSXRay from 'aws-xray-sdk-core';

// Clients are captured at their first call, when their own constructor and the user's have finished with them.
const captured = new WeakSet();

globalThis[Symbol.for('cdk-traced-function.captureClient')] = Client => {
  const { send } = Client.prototype;
  if (send.name === 'tracedSend') return; // two clients of the runtime's SDK share one base class
  Client.prototype.send = function tracedSend(...args) {
    if (!captured.has(this)) {
      captured.add(this);
      // A handler that captures its clients itself may have chosen the segment that they belong to.
      const theirs = this.middlewareStack.identify().some(name => name.startsWith('XRaySDKInstrumentation'));
      if (!theirs) AWSXRay.captureAWSv3Client(this);
    }
    return send.apply(this, args);
  };
};

AWSXRay.captureHTTPsGlobal(http);
AWSXRay.captureHTTPsGlobal(https);
// Named imports of an ES module (`import { request } from 'node:https'`) see the captured functions only after this.
syncBuiltinESMExports();
