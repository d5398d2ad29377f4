/**
 * createReviewer: asks the API server who a token belongs to, and what its user may do.
 *
 * Guarantees: an answer is kept for 10 s, and a refusal for 1 s, so that a right that was just
 * given soon counts. Requests that need the same answer share one question. What is kept, and what
 * is under way, is bounded. A token itself is kept nowhere.
 * Does not guarantee that a right that was taken away, or a token that was revoked, ends at once.
 * Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 */

import { createHash } from 'node:crypto';
import { isAllowedBy, toAccessSpec } from '../../lib/kube/accessReview.ts';
import {
  takeFields,
  takeList,
  takeOptionalBoolean,
  takeOptionalFields,
  takeOptionalString,
} from '../../lib/kube/fields.ts';
import { type KubeApi, subjectAccessReviews, tokenReviews } from '../../lib/kube/kubeApi.ts';
import { ApiError } from '../apiError.ts';

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface Right {
  readonly verb: string;
  readonly resource: 'leaders' | 'locks';
  /** Empty for all. */
  readonly namespace: string;
  /** Empty for all. */
  readonly name: string;
}

export interface Reviewer {
  /** Null for a token that does not hold. */
  authenticate(token: string): Promise<User | null>;
  isAllowed(user: User, right: Right): Promise<boolean>;
}

const KEPT_MS = 10_000;
const REFUSAL_KEPT_MS = 1_000;
/** Some 1 KB each. */
const MAX_KEPT = 10_000;
/** What the API server is asked at once. Beyond it clients get 429. */
const MAX_UNDER_WAY = 64;

/** `now`: monotonic milliseconds. */
export function createReviewer(
  api: Pick<KubeApi, 'create'>,
  audience: string,
  now: () => number = () => performance.now(),
): Reviewer {
  let underWay = 0;

  async function ask(resource: typeof tokenReviews, kind: string, spec: object): Promise<unknown> {
    if (underWay >= MAX_UNDER_WAY)
      throw new ApiError('BUSY', `${MAX_UNDER_WAY} reviews are under way already; try again`);
    underWay += 1;
    const [, group] = resource.groupVersion.split('/apis/');
    try {
      return await api.create(resource, undefined, { apiVersion: group, kind, spec }, new AbortController().signal);
    } finally {
      underWay -= 1;
    }
  }

  const users = createKept<User | null>(now, (user) => user !== null);
  const rights = createKept<boolean>(now, (isAllowed) => isAllowed);

  return {
    authenticate(token) {
      const key = createHash('sha256').update(token).digest('base64');
      return users(key, async () =>
        parseUser(await ask(tokenReviews, 'TokenReview', { token, audiences: [audience] }), audience),
      );
    },
    isAllowed(user, right) {
      const { verb, resource, namespace, name } = right;
      const key = JSON.stringify([user.name, user.uid, user.groups, verb, resource, namespace, name]);
      return rights(key, async () => {
        return isAllowedBy(await ask(subjectAccessReviews, 'SubjectAccessReview', toAccessSpec(user, right)));
      });
    },
  };
}

/** A failure is handed to those who wait, and is not kept. */
function createKept<Value>(now: () => number, isGood: (value: Value) => boolean) {
  const kept = new Map<string, { readonly value: Promise<Value>; until: number }>();
  return (key: string, compute: () => Promise<Value>): Promise<Value> => {
    const known = kept.get(key);
    if (known !== undefined && now() < known.until) return known.value;
    kept.delete(key);
    for (const [oldest] of kept) {
      if (kept.size < MAX_KEPT) break;
      kept.delete(oldest);
    }
    const entry = { value: compute(), until: Number.POSITIVE_INFINITY };
    kept.set(key, entry);
    entry.value.then(
      (value) => {
        entry.until = now() + (isGood(value) ? KEPT_MS : REFUSAL_KEPT_MS);
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key);
      },
    );
    return entry.value;
  };
}

/** An authenticator that knows no audiences names none, and its answer does not count. */
function parseUser(review: unknown, audience: string): User | null {
  const status = takeOptionalFields(takeFields(review, 'review'), 'status', 'review') ?? {};
  const isKnown = takeOptionalBoolean(status, 'authenticated', 'status') === true;
  if (!isKnown || !takeList(status, 'audiences', 'status').includes(audience)) return null;
  const user = takeOptionalFields(status, 'user', 'status') ?? {};
  const extra = takeOptionalFields(user, 'extra', 'status.user') ?? {};
  return {
    name: takeOptionalString(user, 'username', 'status.user') ?? '',
    uid: takeOptionalString(user, 'uid', 'status.user') ?? '',
    groups: takeList(user, 'groups', 'status.user').map(String),
    extra: Object.fromEntries(
      Object.keys(extra).map((key) => [key, takeList(extra, key, 'status.user.extra').map(String)]),
    ),
  };
}
