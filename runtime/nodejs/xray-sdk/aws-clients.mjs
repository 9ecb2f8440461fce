// Captures AWS SDK v3 clients with the AWS X-Ray SDK.

const PLUGIN = 'XRaySDKInstrumentation';

/**
 * Registers what each copy of the clients' base class calls when it is loaded: the calls are appended while bundling.
 */
export function captureAwsClients(AWSXRay) {
  // Clients are captured at their first call, when their own constructor and the user's have finished with them.
  const captured = new WeakSet();

  const TRACED = Symbol('traced'); // and not the function's name, which is gone when the package is minified
  globalThis[Symbol.for('cdk-traced-function.captureClient')] = Client => {
    const { send } = Client.prototype;
    if (send[TRACED]) return; // two clients of the runtime's SDK share one base class
    Client.prototype.send = function tracedSend(...args) {
      if (!captured.has(this)) {
        captured.add(this);
        if (!isCaptured(this)) AWSXRay.captureAWSv3Client(this);
      }
      return send.apply(this, args);
    };
    Client.prototype.send[TRACED] = true;
  };
}

/** Whether the handler has captured the client by itself, perhaps with a segment of its own. */
function isCaptured(client) {
  return client.middlewareStack.identify().some(name => name.startsWith(PLUGIN));
}
