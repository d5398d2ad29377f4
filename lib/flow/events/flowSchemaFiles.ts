/** Turns the zod schemas of flow events into JSON Schemas, by the names of their files. */

import { PUBLISHED_SCHEMAS } from '../../events/dataSchema.ts';
import { toSchemaText } from '../../events/schemaFiles.ts';
import { flowSchemaFile } from './flowDataSchema.ts';
import { flowEventDataZod, flowReplyDataZod } from './flowSchema.ts';

export function toFlowSchemaFiles(): ReadonlyMap<string, string> {
  const { event, reply } = flowSchemaFile;
  return new Map([
    [
      event,
      toSchemaText(
        flowEventDataZod,
        `${PUBLISHED_SCHEMAS}/${event}`,
        'Data of io.zen-flow.jobflow.* and io.zen-flow.job.*',
      ),
    ],
    [reply, toSchemaText(flowReplyDataZod, `${PUBLISHED_SCHEMAS}/${reply}`, 'Data of io.zen-flow.flow.*')],
  ]);
}
