import { describe, expect, it } from 'vitest';
import { createApiBreaker } from '../../../functions/apiBreaker.ts';
import { codeOf, ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { services } from '../../../lib/kube/kubeApi.ts';
import { toConnectionError, toKubeError } from '../../../lib/kube/kubeError.ts';

const signal = new AbortController().signal;
const refused = toConnectionError('patch', new Error('ECONNREFUSED'));
const timeout = new ZenLeadError('KUBE_TIMEOUT', 'patch: no answer within 2000 ms', { retry: 'later' });
const webhookFails = toKubeError('create', 500, { message: 'failed calling webhook' }, undefined, 0);

function aBreaker() {
  let now = 0;
  let answer: (namespace: string) => Promise<unknown> = async () => ({});
  const asked: string[] = [];
  const api = {
    get(_resource: object, namespace: string) {
      asked.push(namespace);
      return answer(namespace);
    },
  } as unknown as KubeApi;
  const breaker = createApiBreaker(api, { monotonic: () => now, effect: 'no leader is moved' });
  const call = async (namespace = 'shop'): Promise<string> => {
    try {
      await breaker.api.get(services, namespace, 'db', signal);
      return 'answered';
    } catch (error) {
      return error instanceof ZenLeadError && error.message.startsWith('not sent')
        ? 'not sent'
        : (codeOf(error) ?? '?');
    }
  };
  return {
    asked,
    call,
    describe: breaker.describe,
    fails(each: Error | ((namespace: string) => Error | null)) {
      answer = async (namespace) => {
        const error = typeof each === 'function' ? each(namespace) : each;
        if (error !== null) throw error;
        return {};
      };
    },
    works() {
      answer = async () => ({});
    },
    hangs() {
      let release: () => void = () => {};
      answer = () => new Promise((resolve) => (release = () => resolve({})));
      return () => release();
    },
    pass(ms: number) {
      now += ms;
    },
  };
}

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 1) await act();
}

describe('the circuit breaker of the functions', () => {
  it('sends no call for a second after 20 in a row without an answer, and says so', async () => {
    const world = aBreaker();
    world.fails(refused);
    await times(20, world.call);
    expect(world.describe()).toMatch(/^degraded: the API server has not answered/);
    expect(await world.call()).toBe('not sent');
    expect(world.asked).toHaveLength(20);
    world.pass(1_000);
    expect(await world.call()).toBe('KUBE_UNAVAILABLE');
    expect(await world.call()).toBe('not sent');
    expect(world.asked).toHaveLength(21);
  });

  it('lets one call at a time through to try, and all of them once it is answered', async () => {
    const world = aBreaker();
    world.fails(refused);
    await times(20, world.call);
    world.pass(1_000);
    const release = world.hangs();
    const probe = world.call();
    expect(await world.call()).toBe('not sent');
    release();
    expect(await probe).toBe('answered');
    world.works();
    expect(await world.call()).toBe('answered');
    expect(world.describe()).toBeNull();
  });

  it('stays closed for one namespace whose writes are refused, so another one is served', async () => {
    const world = aBreaker();
    world.fails((namespace) => (namespace === 'bad' ? webhookFails : null));
    await times(200, () => world.call('bad'));
    expect(await world.call('good')).toBe('answered');
    expect(world.describe()).toBeNull();
  });

  it('takes timeouts of one namespace for its size, and those of two for an API server that hangs', async () => {
    const world = aBreaker();
    world.fails(timeout);
    await times(100, () => world.call('large'));
    expect(world.describe()).toBeNull();
    await world.call('shop');
    expect(await world.call('shop')).toBe('not sent');
  });

  it('counts nothing that its caller gave up', async () => {
    const world = aBreaker();
    world.fails(new ZenLeadError('ABORTED', 'the caller has gone', { retry: 'never' }));
    await times(100, world.call);
    expect(world.describe()).toBeNull();
  });
});
