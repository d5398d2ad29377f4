import { describe, expect, it } from 'vitest';
import { createReviewer, type Right, type User } from '../../../../api/auth/reviewer.ts';
import type { KubeApi } from '../../../../lib/kube/kubeApi.ts';

const right: Right = { verb: 'get', resource: 'leaders', namespace: 'shop', name: 'db' };
const user: User = { name: 'system:serviceaccount:shop:web', uid: 'u-1', groups: ['g'], extra: {} };

/** An API server that answers each review with what `answer` says, and a clock moved by hand. */
function aReviewer(answer: (spec: Readonly<Record<string, unknown>>) => object | Promise<object>) {
  const asked: object[] = [];
  let now = 0;
  const api: Pick<KubeApi, 'create'> = {
    async create(resource, namespace, object) {
      asked.push({ plural: resource.plural, namespace, ...object });
      const { spec } = object as { spec: Readonly<Record<string, unknown>> };
      return { status: await answer(spec) };
    },
  };
  const reviewer = createReviewer(api, 'zen-lead-api', () => now);
  const later = (ms: number): void => {
    now += ms;
  };
  return { reviewer, asked, later };
}

const known = {
  authenticated: true,
  audiences: ['zen-lead-api'],
  user: {
    username: user.name,
    uid: 'u-1',
    groups: ['g'],
    extra: { 'authentication.kubernetes.io/pod-uid': ['p-1'] },
  },
};

describe('the reviewer', () => {
  it('asks for our audience, and reads user, groups and the uid of the pod', async () => {
    const { reviewer, asked } = aReviewer(() => known);
    const extra = { 'authentication.kubernetes.io/pod-uid': ['p-1'] };
    expect(await reviewer.authenticate('t')).toEqual({ ...user, extra });
    expect(asked).toEqual([
      {
        plural: 'tokenreviews',
        namespace: undefined,
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: 't', audiences: ['zen-lead-api'] },
      },
    ]);
  });

  it.each([
    ['that does not hold', { authenticated: false }],
    ['of another audience', { ...known, audiences: ['https://kubernetes.default.svc'] }],
    ['of an authenticator that knows no audiences', { ...known, audiences: undefined }],
    ['without a status', {}],
  ])('takes a token %s for none', async (_, status) => {
    expect(await aReviewer(() => status).reviewer.authenticate('t')).toBeNull();
  });

  it('asks for the verb on the resource, by name, in its namespace', async () => {
    const { reviewer, asked } = aReviewer(() => ({ allowed: true }));
    expect(await reviewer.isAllowed(user, right)).toBe(true);
    expect(asked).toMatchObject([
      {
        kind: 'SubjectAccessReview',
        spec: {
          user: user.name,
          groups: ['g'],
          resourceAttributes: { group: 'zen-lead.io', resource: 'leaders', verb: 'get', namespace: 'shop', name: 'db' },
        },
      },
    ]);
  });

  it('keeps an answer for 10 s, and a refusal for 1 s', async () => {
    let allowed = true;
    const { reviewer, asked, later } = aReviewer(() => ({ allowed }));
    await reviewer.isAllowed(user, right);
    later(9_999);
    await reviewer.isAllowed(user, right);
    expect(asked).toHaveLength(1);
    allowed = false;
    later(1);
    expect(await reviewer.isAllowed(user, right)).toBe(false);
    later(999);
    await reviewer.isAllowed(user, right);
    expect(asked).toHaveLength(2);
    allowed = true;
    later(1);
    expect(await reviewer.isAllowed(user, right)).toBe(true);
  });

  it('asks for each user and each right by itself', async () => {
    const { reviewer, asked } = aReviewer(() => ({ allowed: true }));
    await reviewer.isAllowed(user, right);
    await reviewer.isAllowed({ ...user, groups: [] }, right);
    await reviewer.isAllowed(user, { ...right, verb: 'watch' });
    await reviewer.isAllowed(user, { ...right, name: 'web' });
    expect(asked).toHaveLength(4);
  });

  it('asks once for all who ask at the same time, and keeps no failure', async () => {
    const first = Promise.withResolvers<object>();
    const { reviewer, asked } = aReviewer(() => (asked.length === 1 ? first.promise : { allowed: true }));
    const both = [reviewer.isAllowed(user, right), reviewer.isAllowed(user, right)];
    first.reject(new Error('away'));
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toHaveLength(1);
    expect(await reviewer.isAllowed(user, right)).toBe(true);
  });

  it('answers BUSY when 64 reviews are under way', async () => {
    const end = Promise.withResolvers<object>();
    const { reviewer } = aReviewer(() => end.promise);
    const all = Array.from({ length: 64 }, (_, index) => reviewer.authenticate(`t${index}`));
    await expect(reviewer.authenticate('one more')).rejects.toMatchObject({ code: 'BUSY', status: 429 });
    end.resolve({ authenticated: false });
    expect(await Promise.all(all)).toEqual(Array(64).fill(null));
    expect(await reviewer.authenticate('one more still')).toBeNull();
  });
});
