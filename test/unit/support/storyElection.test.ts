import { beforeAll, describe, expect, it, vi } from 'vitest';

type StoryElection = typeof import('../../support/storyElection.ts');

let story: StoryElection;
beforeAll(async () => {
  vi.stubEnv('ZEN_LEAD_TEST_ELECTION', 'x');
  vi.resetModules();
  story = await import('../../support/storyElection.ts');
  vi.unstubAllEnvs();
});

describe('a story under the election x', () => {
  it.each([
    ['web-leader', 'web-x'],
    ['/api/v1/namespaces/a/services/web-leader', '/api/v1/namespaces/a/services/web-x'],
    ['web-leader-ipv4', 'web-x-ipv4'],
    ['?labelSelector=kubernetes.io%2Fservice-name%3Dweb-leader', '?labelSelector=kubernetes.io%2Fservice-name%3Dweb-x'],
    ['web-followers', 'web-x-followers'],
    ['zen-lead.io/pin-leader=web-2', 'x.zen-lead.io/pin-leader=web-2'],
    ['zen-lead.io/sticky-', 'x.zen-lead.io/sticky-'],
    ['{"zen-lead.io/no-leader":"hold"}', '{"x.zen-lead.io/no-leader":"hold"}'],
  ])('asks for %s as %s, and reads it back', (asked, sent) => {
    expect(story.toCluster(asked)).toBe(sent);
    expect(story.toCluster(sent)).toBe(sent);
    expect(story.toStory(sent)).toBe(asked);
  });

  it.each([
    'zen-lead.io/enabled=true',
    'zen-lead.io/priority=3',
    'zen-lead.io/handover-from',
    'web-0',
    'zen-lead.io/health-check=tcp://:1',
  ])('leaves %s as it is', (text) => {
    expect(story.toCluster(text)).toBe(text);
  });

  it('asks for the election where a kubectl opts a Service in', () => {
    const command = ['annotate', 'service', 'web', 'zen-lead.io/enabled=true'];
    expect(story.toCommand(command)).toEqual([...command, 'zen-lead.io/elections=x', '--overwrite']);
    expect(story.toCommand(['get', 'service', 'web-leader'])).toEqual(['get', 'service', 'web-x']);
  });

  it('names the election where a zen-lead is typed, and takes it out of what that prints', () => {
    expect(story.toTyped(['explain', 'story-1/web', '-o', 'json'])).toEqual(['explain', 'story-1/web/x', '-o', 'json']);
    expect(story.toTyped(['explain', 'story-1/other'])).toEqual(['explain', 'story-1/other']);
    expect(story.toPrinted('story-1/web/x -> web-x: x.zen-lead.io/sticky, election "x": LeaderElected')).toBe(
      'story-1/web -> web-leader: zen-lead.io/sticky, LeaderElected',
    );
  });

  it('asks for the election on a source alone', () => {
    const own = { 'zen-lead.io/enabled': 'true', 'zen-lead.io/strategy': 'newest' };
    expect(story.toElection(own)).toEqual({
      ...{ 'zen-lead.io/enabled': 'true', 'zen-lead.io/elections': 'x', 'x.zen-lead.io/strategy': 'newest' },
    });
    expect(story.toElection({ team: 'a' })).toEqual({ team: 'a' });
  });
});
