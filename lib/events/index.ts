/**
 * Exports the events as a library, the entry `zen-lead/events` of the package.
 * docs/reference/events.md.
 *
 * The program itself imports the files behind it.
 */

export { codeOf, type ErrorCode, ZenLeadError } from '../errors.ts';
export type { Snapshot } from '../selection/snapshot.ts';
export type { Attributes, AttributeValue } from './attributes.ts';
export { reconcileDataSchema, replyDataSchema } from './dataSchema.ts';
export { type Envelope, type EnvelopeData, type Headers, parseEnvelope } from './envelope.ts';
export { type ParsedReconcileEvent, parseReconcileEvent, type ReadData } from './parseReconcileEvent.ts';
export { parseReply } from './parseReply.ts';
export {
  type Change,
  type ReconcileData,
  type ReconcileEvent,
  type ReconcileType,
  reconcileTypes,
} from './reconcileEvent.ts';
export { reconcileDataZod } from './reconcileSchema.ts';
export { type ReplyData, type ReplyEvent, type ReplyType, replyTypes } from './reply.ts';
export { replyDataZod } from './replySchema.ts';
export { parseSubject, type ServiceRef, serviceSubject } from './subject.ts';
