import { functionUrl, graphql, httpJwt, restJob, restProxy, restQueue } from './apis';
import type { CorpusApp } from './corpus-app';
import { customResources, distributedMap, layerAndAlias, stages, unknownTypes, vpc, workflow } from './infrastructure';
import { bucketNotification, dataStream, eventBus, logSubscription, onFailure, queuePython, tableStream, topicFanOut } from './messages';
import { pipe, scheduleAndSocket, windows } from './pipes-and-windows';

/** All apps by their id. */
export const corpus: Readonly<Record<string, CorpusApp>> = {
  'corpus-rest-proxy': restProxy,
  'corpus-rest-job': restJob,
  'corpus-rest-queue': restQueue,
  'corpus-http-jwt': httpJwt,
  'corpus-function-url': functionUrl,
  'corpus-graphql': graphql,
  'corpus-queue-python': queuePython,
  'corpus-topic': topicFanOut,
  'corpus-bucket': bucketNotification,
  'corpus-table-stream': tableStream,
  'corpus-data-stream': dataStream,
  'corpus-event-bus': eventBus,
  'corpus-on-failure': onFailure,
  'corpus-logs': logSubscription,
  'corpus-vpc': vpc,
  'corpus-unknown-types': unknownTypes,
  'corpus-custom': customResources,
  'corpus-workflow': workflow,
  'corpus-distributed-map': distributedMap,
  'corpus-pipe': pipe,
  'corpus-windows': windows,
  'corpus-schedule-and-socket': scheduleAndSocket,
  'corpus-layer': layerAndAlias,
  'corpus-stages': stages,
};
