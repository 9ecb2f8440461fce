// Captures calls with Node's http and https with the AWS X-Ray SDK.
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

export function captureHttp(AWSXRay) {
  if (!AWSXRay.isAutomaticMode()) return; // without a segment in its options, each request would be an error in the log
  AWSXRay.captureHTTPsGlobal(http);
  AWSXRay.captureHTTPsGlobal(https);
  // Named imports of an ES module (`import { request } from 'node:https'`) see the captured functions only after this.
  syncBuiltinESMExports();
}
