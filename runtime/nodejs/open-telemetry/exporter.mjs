// Sends spans to the X-Ray daemon that every Lambda environment has, as the AWS Distro for OpenTelemetry does: one datagram is the daemon's header,
// 'T1S' (sampled; what is not is not sent at all), and base64 of an OTLP request.
// https://github.com/aws-observability/aws-otel-js-instrumentation/tree/main/exporters/aws-distro-opentelemetry-exporter-xray-udp
import { daemonAddress } from '../daemon-address.cjs';
import { daemonSocket, reportMalformed } from '../daemon-socket.cjs';
import { encodeRequest, encodeResource, encodeSpan } from './otlp.mjs';
import { view } from './protobuf.mjs';

const PREFIX = '{"format":"json","version":1}\nT1S';

/** A datagram of 60 kB, of the 65,507 bytes that fit, before base64. */
const LARGEST_REQUEST_BYTES = Math.floor((60_000 - PREFIX.length) / 4) * 3;

/** Characters that a text of a span keeps when the span does not fit with all of them. */
const SHORTENED = [4_096, 256, 16];

const { host, port, isMalformed } = daemonAddress(process.env.AWS_XRAY_DAEMON_ADDRESS);
let resource;
if (isMalformed) reportMalformed(host, port);

/** Before the first span, so that what is sent later leaves at once. */
export function connect() {
  daemonSocket(host, port).connect();
}

export function exportSpans(spans) {
  try {
    resource ??= encodeResource(describeResource());
    // What most invocations make fits into one datagram.
    const [{ scope }] = spans;
    if (spans.every(span => span.scope === scope)) {
      const request = encodeRequest(resource, [[scope, spans]]);
      if (request.length <= LARGEST_REQUEST_BYTES) {
        send(request);
        return;
      }
    }
    let scopes = new Map();
    let size = resource.length + 16;
    for (const span of spans) {
      const encoded = fit(span);
      if (!encoded) continue;
      if (size + encoded.length > LARGEST_REQUEST_BYTES) {
        send(encodeRequest(resource, scopes));
        scopes = new Map();
        size = resource.length + 16;
      }
      const ofScope = scopes.get(span.scope);
      if (ofScope) ofScope.push(encoded);
      else {
        scopes.set(span.scope, [encoded]);
        size += span.scope.name.length * 3 + 32;
      }
      size += encoded.length;
    }
    if (scopes.size > 0) send(encodeRequest(resource, scopes));
  } catch (error) {
    view(); // what has been written of them is nothing that the next ones may begin with
    console.warn(`cdk-traced-function: spans are lost (${error.message})`);
  }
}

function send(request) {
  daemonSocket(host, port).send(Buffer.from(PREFIX + request.toString('base64'), 'latin1'));
}

/** A segment document of X-Ray's own format, for what is no span of this function. */
export function sendDocument(document) {
  daemonSocket(host, port).send(Buffer.from(`{"format":"json","version":1}\n${JSON.stringify(document)}`));
}

/** A span with texts as long as they may be. */
function fit(span) {
  const largest = LARGEST_REQUEST_BYTES - resource.length - 64 - span.scope.name.length * 3;
  let encoded = encodeSpan(span, Infinity);
  for (const longest of SHORTENED) {
    if (encoded.length <= largest) return encoded;
    encoded = encodeSpan(span, longest);
  }
  if (encoded.length <= largest) return encoded;
  console.warn(`cdk-traced-function: the span '${span.name.slice(0, 100)}' is lost, it is too large to send (${encoded.length} bytes)`);
  return undefined;
}

/** https://opentelemetry.io/docs/specs/semconv/resource/faas/ */
function describeResource() {
  const { env } = process;
  return {
    'service.name': env.OTEL_SERVICE_NAME ?? env.AWS_LAMBDA_FUNCTION_NAME ?? 'unknown_service',
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_lambda',
    'cloud.region': env.AWS_REGION,
    'faas.name': env.AWS_LAMBDA_FUNCTION_NAME,
    'faas.version': env.AWS_LAMBDA_FUNCTION_VERSION,
    'telemetry.sdk.name': 'cdk-traced-function',
    'telemetry.sdk.language': 'nodejs',
  };
}
