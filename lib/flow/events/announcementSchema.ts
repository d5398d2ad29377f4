/** Holds the zod schema of the data of an announcement, which gives the published JSON Schema. */

import { z } from 'zod';
import { announcedPhases } from '../announce/outbox.ts';
import type { AnnouncementData } from './toFlowAnnouncement.ts';

export const announcementDataZod = z.object({
  flow: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  step: z.string().exactOptional().meta({ description: 'Absent in an event about the flow itself.' }),
  attempt: z.int().min(1).exactOptional(),
  job: z.string().exactOptional().meta({ description: 'The Job of the attempt, where it has one.' }),
  phase: z.enum(announcedPhases).meta({ description: 'What happened; the last part of the type.' }),
  reason: z.string().nullable(),
  exitCode: z.int().exactOptional(),
  by: z.string().exactOptional().meta({ description: 'Who approved or rejected, as the flow says.' }),
  revision: z.int().min(0).meta({ description: 'Of the record that said so first.' }),
}) satisfies z.ZodType<AnnouncementData>;
