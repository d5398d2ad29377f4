/**
 * The settings of `zen-lead lock`, which runs a command while it holds a lock.
 */

import type { Settings } from './setting.ts';

export const lockSettings = {
  lock: {
    kind: 'text',
    operand: true,
    placeholder: 'NAMESPACE/NAME',
    required: true,
    meaning: 'The lock.',
  },
  command: {
    kind: 'list',
    operand: true,
    placeholder: 'COMMAND',
    required: true,
    meaning: 'What to run while the lock is held, after --. It has the fencing token in ZEN_LEAD_TOKEN.',
  },
  apiUrl: {
    kind: 'url',
    flag: 'api-url',
    env: ['ZEN_LEAD_API_URL'],
    placeholder: 'URL',
    required: true,
    meaning: 'Of the api role, as http://zen-lead-api.zen-lead:8082.',
  },
  apiTokenFile: {
    kind: 'text',
    flag: 'api-token-file',
    env: ['ZEN_LEAD_API_TOKEN_FILE'],
    placeholder: 'FILE',
    meaning: 'Token to send, made for the audience of the api; read again for each request.',
    absent: 'requests carry no token, and an api with --api-auth token refuses them',
  },
  holder: {
    kind: 'text',
    flag: 'holder',
    env: ['POD_NAME'],
    placeholder: 'NAME',
    meaning: 'Who holds the lock, for people.',
    absent: 'it is the name of the host',
  },
  ttlSeconds: {
    kind: 'integer',
    flag: 'ttl',
    placeholder: 'N',
    unit: 'seconds',
    min: 5,
    max: 3_600,
    default: 30,
    zero: 'refused, because no work would be done in time',
    meaning: 'How long the lock stays held when this process dies. It is renewed after a third of that.',
    why: 'A replica of the api or the API server may restart within it.',
  },
  waitSeconds: {
    kind: 'integer',
    flag: 'wait',
    placeholder: 'N',
    unit: 'seconds',
    min: 0,
    max: 86_400,
    default: 0,
    zero: 'one answer at once',
    meaning: 'How long to wait for the lock.',
    why: 'A job that runs on several nodes at the same time shall run on one of them, and end on the others.',
  },
  lockDelaySeconds: {
    kind: 'integer',
    flag: 'lock-delay',
    placeholder: 'N',
    unit: 'seconds',
    min: 0,
    max: 60,
    default: 0,
    zero: 'no delay',
    meaning: 'How long the lock stays closed after it has expired. A release opens it at once.',
    why: 'A resource that checks tokens needs none.',
  },
} as const satisfies Settings;
