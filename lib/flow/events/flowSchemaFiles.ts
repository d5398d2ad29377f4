/** Turns the zod schemas of flow events into JSON Schemas, by the names of their files. */

import { PUBLISHED_SCHEMAS } from '../../events/dataSchema.ts';
import { toSchemaText } from '../../events/schemaFiles.ts';
import { announcementDataZod } from './announcementSchema.ts';
import { announcementDataSchema, flowSchemaFile } from './flowDataSchema.ts';
import { flowEventDataZod, flowReplyDataZod } from './flowSchema.ts';

export function toFlowSchemaFiles(): ReadonlyMap<string, string> {
  const { event, reply, announcement } = flowSchemaFile;
  return new Map([
    [
      event,
      toSchemaText(
        flowEventDataZod,
        `${PUBLISHED_SCHEMAS}/${event}`,
        'Data of io.zen-flow.jobflow.* and io.zen-flow.job.*',
      ),
    ],
    [reply, toSchemaText(flowReplyDataZod, `${PUBLISHED_SCHEMAS}/${reply}`, 'Data of the replies io.zen-flow.flow.*')],
    [
      announcement,
      toSchemaText(announcementDataZod, announcementDataSchema, 'Data of what EVENTS_SINK is told of flows'),
    ],
  ]);
}
