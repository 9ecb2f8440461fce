import { Rule } from './rule';

export const topicNotTraced: Rule = {
  id: 'TF020',
  name: 'topic-not-traced',
  title: 'A topic is no node of the map',
  severity: 'warning',
  explanation: `Without active tracing a topic of SNS hands the trace header on, but sends no segment: it is missing on the map, its deliveries and their failures too, and what an untraced publisher sends
(S3, an alarm) starts no trace at it. FIFO topics cannot be traced. Topics without a subscription of a function, a queue or an HTTP endpoint, and topics that only alarms publish to, are not reported.`,
  fix: { cdk: 'tracingConfig: sns.TracingConfig.ACTIVE  // and XRayResourcePolicy.forTopics(this)', cloudformation: 'TracingConfig: Active  # and an AWS::XRay::ResourcePolicy for sns.amazonaws.com' },
  link: 'https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html',
  check: function* ({ app, map }) {
    for (const topic of app.ofType('AWS::SNS::Topic')) {
      const { TracingConfig: mode, FifoTopic: fifo } = topic.properties;
      if (mode !== undefined && mode !== 'PassThrough' || !map.leadsOn(topic)) continue;
      if (fifo === true || fifo === 'true') yield { resource: topic, severity: 'note', message: 'it is a FIFO topic, which SNS does not trace: the trace header goes on, the topic is not on the map' };
      else yield { resource: topic, message: 'the topic is not traced: it is no node of the map, and starts no trace for a publisher that is not traced' };
    }
  },
};
