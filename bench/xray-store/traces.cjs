// Documents as the sample's functions send them, for the benchmarks of the local X-Ray.

/** Documents of trace number `n`: eight segments of a topic, three functions (the service's and the function's) and an audit service. */
exports.traceOf = (n, startSeconds) => {
  const id = `1-${Math.floor(startSeconds).toString(16).padStart(8, '0')}-${n.toString(16).padStart(24, '0')}`;
  const at = ms => Math.round((startSeconds * 1000 + ms) * 1000) / 1e6;
  let next = 0;
  const segmentId = () => (++next).toString(16).padStart(16, '0');
  const topic = segmentId();
  const documents = [{ trace_id: id, id: topic, name: 'incoming', origin: 'AWS::SNS', start_time: at(0), end_time: at(8), http: { response: { status: 200 } } }];
  for (const language of ['ts', 'py', 'go']) {
    const name = `xraystarter-${language}`;
    const failed = language === 'py' && n % 50 === 0;
    const [service, attempt, fn, call] = [segmentId(), segmentId(), segmentId(), segmentId()];
    const duration = 20 + (n * 7919) % 180;
    documents.push({
      trace_id: id, id: service, parent_id: topic, name, origin: 'AWS::Lambda', start_time: at(3), end_time: at(5), http: { response: { status: 202 } },
      aws: { request_id: `${id.slice(11)}-${language}` }, resource_arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      subsegments: [
        { id: segmentId(), name: 'Dwell Time', start_time: at(3), end_time: at(40) },
        { id: attempt, name: 'Attempt #1', start_time: at(40), end_time: at(40 + duration), http: { response: { status: failed ? 500 : 200 } }, ...(failed ? { fault: true } : {}) },
      ],
    }, {
      trace_id: id, id: fn, parent_id: attempt, name, origin: 'AWS::Lambda::Function', start_time: at(42), end_time: at(40 + duration),
      aws: { function_arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`, account_id: '000000000000' }, ...(failed ? { fault: true } : {}),
      subsegments: [{
        id: call, name: 'DynamoDB', namespace: 'aws', start_time: at(45), end_time: at(50), http: { response: { status: 200, content_length: 2 } },
        aws: { operation: 'UpdateItem', region: 'us-east-1', table_name: 'items' }, annotations: { tenant: `tenant-${n % 100}`, size: n % 1000 },
      }],
    });
  }
  documents.push({
    trace_id: id, id: segmentId(), parent_id: topic, name: 'audit', origin: 'AWS::ECS::Container', start_time: at(6), end_time: at(30), user: `user-${n % 500}`,
    http: { request: { method: 'POST', url: `http://audit.example.com/uploads/${n}`, client_ip: '10.0.0.7' }, response: { status: n % 97 === 0 ? 429 : 200 } },
    ...(n % 97 === 0 ? { error: true, throttle: true } : {}),
  });
  return documents;
};
